"""A service -> its launcher file and its part of supervisord's configuration."""

import hashlib
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_sweep import MARKER
from llmplat.domain.substrate import Role, Service

_START_ORDER = {Role.ENGINE: 1, Role.COUNTERS: 2, Role.GATEWAY: 3}
"""The engine takes longest to start, so it goes first; nobody waits for anybody."""
_OOM_SCORES = {Role.ENGINE: 500, Role.COUNTERS: 0, Role.GATEWAY: 200}
"""When memory runs out, the engine goes first and the counters last."""
_NICE = {Role.ENGINE: 0, Role.COUNTERS: 0, Role.GATEWAY: 0}
_LOG_BYTES = 10 * 1024**2
_LOGS_KEPT = 3
_START_TRIES = 8
"""supervisord waits 1 s, 2 s, 3 s ... between tries."""


@dataclass(frozen=True)
class LocalProcess:
    """One service with what only this machine knows of it."""

    service: Service
    fingerprints: tuple[str, ...]
    """Of the files it reads only at its start: a change restarts it."""
    settled_s: float
    """A death before this age is a failed start, tried again ever more slowly."""


def digest(process: LocalProcess, home: LocalHome) -> str:
    """Changes exactly when the running process must be replaced."""
    parts = [_launch_document(process, home), list(process.fingerprints), process.settled_s]
    parts.append([_secret_stamp(home.secrets / name) for _, name in process.service.secret_env])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def write_launch(process: LocalProcess, home: LocalHome) -> Path:
    """Write what the launcher reads; holds names of secrets, no values."""
    path = home.run / f"{process.service.name}.json"
    document = _launch_document(process, home)
    write_whole(path, (json.dumps(document, indent=2) + "\n").encode())
    return path


def starts_file(home: LocalHome, name: str) -> Path:
    """One byte for each start of service `name`."""
    return home.run / f"{name}.starts"


def log_file(home: LocalHome, name: str) -> Path:
    """Where service `name` writes."""
    return home.logs / f"{name}.log"


def supervisor_config(processes: Sequence[LocalProcess], home: LocalHome) -> str:
    """The whole configuration of supervisord; no secrets in it."""
    sections = [_daemon_section(home)]
    sections += [_program_section(process, home) for process in processes]
    return "\n".join(sections)


def _launch_document(process: LocalProcess, home: LocalHome) -> dict[str, object]:
    service = process.service
    return {
        "state_id": home.state_id,
        "name": service.name,
        "argv": list(service.argv),
        "cwd": str(home.run),
        # setproctitle would write over /proc/PID/environ, where the marker is looked for.
        "env": {**dict(service.env), "SPT_NOENV": "1"},
        "secret_files": {env: str(home.secrets / name) for env, name in service.secret_env},
        "starts_file": str(starts_file(home, service.name)),
        "oom_score_adj": _OOM_SCORES.get(service.role, 0),
        "nice": _NICE.get(service.role, 0),
    }


def _secret_stamp(path: Path) -> str:
    """Tells a replaced secret from a kept one without a trace of its value."""
    try:
        found = path.stat()
    except OSError:
        return "none"
    return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"


def _daemon_section(home: LocalHome) -> str:
    return f"""; Written by llmplat; `llmplat up` replaces it.
[unix_http_server]
file = {_plain(home.supervisor_socket)}
chmod = 0700

[supervisord]
identifier = {home.state_id}
logfile = {_plain(home.logs / "supervisor.log")}
logfile_maxbytes = {_LOG_BYTES}
logfile_backups = 1
loglevel = info
pidfile = {_plain(home.run / "supervisor.pid")}
directory = {_plain(home.run)}
childlogdir = {_plain(home.logs)}
umask = 077
nocleanup = true

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""


def _program_section(process: LocalProcess, home: LocalHome) -> str:
    service = process.service
    launch = home.run / f"{service.name}.json"
    command = [sys.executable, "-P", "-m", "llmplat.adapters.local_launcher", str(launch)]
    environment = {
        MARKER: f"{home.state_id}/{service.name}",
        "LLMPLAT_DIGEST": digest(process, home),
    }
    spelled = ",".join(f'{name}="{_plain(value)}"' for name, value in environment.items())
    return f"""[program:{service.name}]
command = {_plain(shlex.join(command))}
environment = {spelled}
priority = {_START_ORDER.get(service.role, 9)}
autostart = true
autorestart = true
startsecs = {round(process.settled_s)}
startretries = {_START_TRIES}
stopsignal = TERM
stopwaitsecs = {max(1, round(service.stop_grace_s))}
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = {_plain(log_file(home, service.name))}
stdout_logfile_maxbytes = {_LOG_BYTES}
stdout_logfile_backups = {_LOGS_KEPT}
"""


def _plain(text: object) -> str:
    """`text` as supervisord reads it back: it expands %(name)s."""
    return str(text).replace("%", "%%")
