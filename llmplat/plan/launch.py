"""What planning ends in: launches that a local process or a manifest only has to spell."""

from dataclasses import dataclass, field
from typing import Any

HOST = "{host}"
"""Placeholder in an argv: the address to listen on."""
PORT = "{port}"
"""Placeholder in an argv: the port to listen on."""
MODEL_DIR = "{model_dir}"
"""Placeholder in an argv: the folder that holds the model's files."""
CONFIG_DIR = "{config_dir}"
"""Placeholder in an argv or an environment value: the folder with the rendered configuration."""


@dataclass(frozen=True)
class SecretEnv:
    """An environment variable whose value is a secret, named here, never held."""

    env: str
    secret: str


@dataclass(frozen=True)
class Probe:
    """How to ask a part over HTTP whether it is well."""

    path: str
    period_s: float
    timeout_s: float
    startup_budget_s: float
    """How long the first good answer may take before the start counts as failed."""


@dataclass(frozen=True)
class Limits:
    """What a part may use."""

    memory_bytes: int
    cpu_cores: float | None = None


@dataclass(frozen=True)
class Launch:
    """One process to run: all decided, only the placeholders are the substrate's."""

    name: str
    """A DNS label, unique in the plan."""
    runtime: str
    """The locked environment or image it runs in: vllm-cpu, vllm-cuda, litellm."""
    argv: tuple[str, ...]
    """Behind the interpreter: ("-m", "package.module", ...)."""
    env: tuple[tuple[str, str], ...]
    secret_env: tuple[SecretEnv, ...]
    port: int
    probe: Probe
    limits: Limits
    stop_grace_s: float


@dataclass(frozen=True)
class EngineLaunch(Launch):
    """One replica shape of one model's engine."""

    model: str = ""
    served_name: str = ""
    replicas: int = 1
    max_num_seqs: int = 1
    """Requests the engine runs at once."""
    kv_tokens: int = 0
    """KV-cache tokens of one replica, as the engine's log reports them."""
    gpus: int = 0
    """GPUs of one replica."""
    annotations: tuple[tuple[str, str], ...] = ()
    """What an admission policy may check of a pod: bytes needed and offered per GPU."""


@dataclass(frozen=True)
class Backend:
    """One address the gateway sends a model's requests to."""

    model: str
    engine: str | None
    """Name of the EngineLaunch behind it; None for an external service."""
    replica: int
    url: str | None
    """Base address of an external OpenAI-compatible service, with /v1; None for an engine."""
    backend_model: str
    """The model's name as the backend knows it."""
    secret: str | None
    """Name of the secret that holds the backend's key."""
    is_overflow: bool = False
    """Asked only where the model's engines cannot answer and the data may leave."""

    @property
    def name(self) -> str:
        """The name LiteLLM knows it by."""
        return f"{self.model}@{'out' if self.is_overflow else ''}{self.replica}"


@dataclass(frozen=True)
class Timeouts:
    """The nested chain, outermost first; each strictly shorter than the one before."""

    client_s: float
    gateway_s: float
    engine_s: float


@dataclass(frozen=True)
class GatewayLaunch(Launch):
    """The gateway, the backends behind it and the policy it enforces."""

    workers: int = 1
    backends: tuple[Backend, ...] = ()
    timeouts: Timeouts = Timeouts(client_s=660, gateway_s=600, engine_s=590)
    policy: dict[str, Any] = field(default_factory=dict)
    """The GatewayPolicy document, plain data (see docs/reference/gateway-policy.md)."""
