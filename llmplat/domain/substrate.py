"""What the stages tell a substrate and what it answers: services wanted, running, left behind."""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a service is to the platform."""

    ENGINE = "engine"
    GATEWAY = "gateway"
    COUNTERS = "counters"
    SUPERVISOR = "supervisor"


class Health(StrEnum):
    """How a service is."""

    HEALTHY = "healthy"
    STARTING = "starting"
    UNHEALTHY = "unhealthy"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Need:
    """What one service will take of the machine, known before anything is built."""

    service: str
    host: str
    port: int
    memory_bytes: int


@dataclass(frozen=True)
class Needs:
    """What the platform will take of the machine as a whole."""

    services: tuple[Need, ...]
    disk_bytes: int = 0
    """Free bytes the cache still needs for environments and models."""
    secrets: tuple[str, ...] = ()
    """Names of secrets the user must have put in place (keys of external backends)."""
    gpus: int = 0
    """GPUs, one for each engine that runs on one."""


@dataclass(frozen=True)
class Service:
    """One process of the platform, fully spelled; secrets are named, never held."""

    name: str
    role: Role
    runtime: str
    argv: tuple[str, ...]
    """Whole command; the interpreter of the runtime first."""
    env: tuple[tuple[str, str], ...]
    secret_env: tuple[tuple[str, str], ...]
    """(environment variable, name of the secret)."""
    host: str
    port: int
    probe_path: str
    probe_timeout_s: float
    startup_budget_s: float
    memory_bytes: int
    stop_grace_s: float
    model: str | None = None


@dataclass(frozen=True)
class Places:
    """Where the services will find things on this substrate."""

    config_dir: str
    gateway_code: str
    """The folder for the gateway's PYTHONPATH."""
    counters_url: str
    """Without the password."""
    ledger_url: str
    """Where records of requests are kept."""
    system_key: str = field(repr=False)
    """The budgeted key of proof, doctor and chat; a secret."""
    system_key_sha256: str


@dataclass(frozen=True)
class ConfigFile:
    """A rendered file for the services; `restarts` names the role that reads it only at start."""

    path: str
    content: str
    restarts: Role | None = None


@dataclass(frozen=True)
class SubstrateInputs:
    """What `up` wants to run."""

    platform: str
    services: tuple[Service, ...]
    files: tuple[ConfigFile, ...]
    caches: tuple[str, ...] = ()
    """Folders of the cache this platform uses, for `down` to name."""


@dataclass(frozen=True)
class SubstrateOutputs:
    """What the substrate hands over: where things are and what it changed."""

    gateway_url: str
    started: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceStatus:
    """One service as it is now."""

    name: str
    role: Role
    health: Health
    model: str | None = None
    url: str | None = None
    pid: int | None = None
    uptime_s: float | None = None
    restarts: int = 0
    memory_bytes: int | None = None
    reason: str | None = None
    """Why it waits or fails, in plain words."""
    fix: str | None = None
    last_lines: tuple[str, ...] = ()
    log: str | None = None


@dataclass(frozen=True)
class SubstrateStatus:
    """Everything the substrate runs for one platform."""

    platform: str
    exists: bool
    """False when nothing was ever started, or everything was purged."""
    gateway_url: str | None
    services: tuple[ServiceStatus, ...]
    busy: str | None = None
    """What another run of llmplat is doing with this platform right now."""


@dataclass(frozen=True)
class LogLine:
    """One line of one service's log."""

    service: str
    text: str


@dataclass(frozen=True)
class Left:
    """Something `down` leaves in place."""

    what: str
    path: str
    size_bytes: int


@dataclass(frozen=True)
class DownResult:
    """What `down` stopped, removed and left."""

    stopped: tuple[str, ...]
    killed: tuple[str, ...]
    """Those that outlived their grace period."""
    removed: tuple[str, ...]
    left: tuple[Left, ...]
