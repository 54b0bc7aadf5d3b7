"""A service file -> the running service: sweep leftovers, read secrets, then become the process.

Run by the supervisor as `python -P -m llmplat.adapters.local_launcher <service.json>`.
Standard library only and quick to import. Secrets go from their 0600 files into the
environment of the process and nowhere else.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmplat.adapters.local_sweep import SUPERVISOR, end, marked, marker_of

_PR_SET_PDEATHSIG = 1
_LEFTOVER_GRACE_S = 2.0
_EXIT_ORPHAN = 75
_EXIT_NOT_STARTED = 78


def main(arguments: list[str]) -> int:
    """Become the service described by the file named in `arguments`; returns only on failure."""
    service = json.loads(Path(arguments[0]).read_text())
    state_id, name = service["state_id"], service["name"]
    if not _die_with_supervisor(state_id):
        return _EXIT_ORPHAN
    left, _ = end(lambda: marked(state_id, name), _LEFTOVER_GRACE_S)
    if left:
        _say(f"ended {len(left)} leftover process(es) of an earlier life")
    _count_start(Path(service["starts_file"]))
    _limit(service)
    try:
        environment = _environment(service)
    except OSError as error:
        _say(f"a secret cannot be read: {error}")
        return _EXIT_NOT_STARTED
    _say(f"starting {name} (pid {os.getpid()})")
    argv = service["argv"]
    try:
        os.chdir(service["cwd"])
        os.execve(argv[0], argv, environment)  # noqa: S606 (the launcher's whole point)
    except OSError as error:
        _say(f"cannot start {argv[0]}: {error}")
    return _EXIT_NOT_STARTED


def _die_with_supervisor(state_id: str) -> bool:
    """Have the kernel stop us when the supervisor goes; False when it is gone already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    return marker_of(os.getppid()) == f"{state_id}/{SUPERVISOR}"


def _count_start(path: Path) -> None:
    with suppress(OSError), path.open("a") as starts:
        starts.write(".")


def _limit(service: dict[str, Any]) -> None:
    # A core dump would hold secrets and prompts.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(service["oom_score_adj"]))
    if service["nice"]:
        os.nice(service["nice"])


def _environment(service: dict[str, Any]) -> dict[str, str]:
    # What comes from the user's shell was chosen when the supervisor was started.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SUPERVISOR_")}
    environment.update(service["env"])
    for variable, path in service["secret_files"].items():
        environment[variable] = Path(path).read_text().strip()
    return environment


def _say(text: str) -> None:
    sys.stdout.write(f"llmplat: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
