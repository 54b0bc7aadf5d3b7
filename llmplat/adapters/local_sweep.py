"""A service's marker -> the processes of this user that carry it; and their end.

Standard library only and quick to import: the launcher uses it before every start.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MARKER = "LLMPLAT_SERVICE"
"""Environment variable that every process of a platform inherits: <state id>/<service>."""
SUPERVISOR = "supervisor"
_PROC = Path("/proc")
_POLL_S = 0.05
_KILL_WAIT_S = 10.0


class Marked(NamedTuple):
    """A living process that carries a marker."""

    pid: int
    service: str


def marked(state_id: str, service: str | None = None) -> list[Marked]:
    """Living processes of `state_id` (of one `service` where given), but not our own family."""
    wanted = f"{state_id}/" if service is None else f"{state_id}/{service}"
    family = _family()
    found = []
    for entry in _PROC.glob("[0-9]*"):
        pid = int(entry.name)
        marker = "" if pid in family else marker_of(pid)
        if marker == wanted or (service is None and marker.startswith(wanted)):
            found.append(Marked(pid, marker.split("/", 1)[1]))
    return sorted(found)


def marker_of(pid: int) -> str:
    """The marker of process `pid`; empty when it has none, is gone or is another user's."""
    try:
        environ = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return ""
    key = f"{MARKER}=".encode()
    for item in environ.split(b"\0"):
        if item.startswith(key):
            return item[len(key) :].decode(errors="replace")
    return ""


def parent_of(pid: int) -> int:
    """The parent's process id; 0 when `pid` is gone."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def end(find: Callable[[], list[Marked]], grace_s: float) -> tuple[list[Marked], list[Marked]]:
    """Ask all that `find` sees to stop, kill what is left after `grace_s`.

    Returns:
        (all that were found, those that had to be killed).
    """
    first = find()
    _signal(first, signal.SIGTERM)
    left = _wait_gone(find, grace_s)
    killed = list(left)
    deadline = time.monotonic() + _KILL_WAIT_S
    while left and time.monotonic() < deadline:
        _signal(left, signal.SIGKILL)
        left = _wait_gone(find, 0.5)
        killed += [one for one in left if one not in killed]
    return first, killed


def _family() -> set[int]:
    pids, pid = set(), os.getpid()
    while pid > 1:
        pids.add(pid)
        pid = parent_of(pid)
    return pids


def _wait_gone(find: Callable[[], list[Marked]], wait_s: float) -> list[Marked]:
    deadline = time.monotonic() + wait_s
    left = find()
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        left = find()
    return left


def _signal(processes: list[Marked], number: signal.Signals) -> None:
    for process in processes:
        # A handle on the process, so that a reused pid is never hit.
        with suppress(OSError):
            handle = os.pidfd_open(process.pid)
            try:
                if marker_of(process.pid).endswith(f"/{process.service}"):
                    signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)
