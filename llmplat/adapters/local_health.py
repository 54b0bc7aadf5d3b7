"""Services and their processes -> how each is, why, and waiting until all are well."""

import re
import time
from collections.abc import Sequence

import psutil

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_http import is_well
from llmplat.adapters.local_logs import last_lines, lines_of_last_life
from llmplat.adapters.local_process import log_file, starts_file
from llmplat.adapters.local_redis import is_answering
from llmplat.adapters.local_state import ServiceEntry
from llmplat.adapters.local_supervisor import ProcessInfo, Supervisor
from llmplat.adapters.local_sweep import SUPERVISOR
from llmplat.domain.errors import SubstrateError, TimedOutError
from llmplat.domain.ports import StepProgress
from llmplat.domain.reasons import Reason, plain_reason
from llmplat.domain.substrate import Health, Role, ServiceStatus
from llmplat.domain.units import format_duration

_POLL_S = 0.1
_FAILED_STATES = frozenset({"BACKOFF", "FATAL"})
_ENDED = re.compile(r" exited: (\S+) \((.+?); (?:not )?expected\)")
_LINES_SHOWN = 12
_LINES_SEARCHED = 200


def is_healthy(entry: ServiceEntry, home: LocalHome, timeout_s: float | None = None) -> bool:
    """Whether the service answers its probe now."""
    timeout = timeout_s or entry.probe_timeout_s
    if entry.role == Role.COUNTERS:
        return is_answering(home, timeout)
    return is_well(entry.host, entry.port, entry.probe_path, timeout)


def wait_healthy(
    entries: Sequence[ServiceEntry], supervisor: Supervisor, home: LocalHome, step: StepProgress
) -> None:
    """Return once all `entries` answer their probes.

    Raises:
        SubstrateError: one died while it started; with its last lines and a plain reason.
        TimedOutError: one took longer than its startup budget.
    """
    began = time.monotonic()
    waiting = list(entries)
    told: list[str] = []
    while True:
        processes = supervisor.processes()
        for entry in list(waiting):
            _check_alive(entry, processes.get(entry.name), supervisor, home)
            if is_healthy(entry, home, timeout_s=2.0):
                waiting.remove(entry)
                told.append(f"{entry.name} {format_duration(time.monotonic() - began)}")
                step.detail(", ".join(told))
        if not waiting:
            return
        _check_time(waiting, time.monotonic() - began, home)
        time.sleep(_POLL_S)


def status_of(entry: ServiceEntry, info: ProcessInfo | None, home: LocalHome) -> ServiceStatus:
    """One service as it is now, with the reason when it is not well."""
    health = _health(entry, info, home)
    reason = _reason(entry, health, home)
    is_alive = info is not None and info.pid > 0
    is_told = health in {Health.FAILED, Health.UNHEALTHY, Health.STARTING}
    log = log_file(home, entry.name)
    return ServiceStatus(
        name=entry.name,
        role=Role(entry.role),
        health=health,
        model=entry.model,
        url=f"http://{entry.host}:{entry.port}" if entry.port else None,
        pid=info.pid if info is not None and is_alive else None,
        uptime_s=max(0.0, time.time() - info.started_s) if info is not None and is_alive else None,
        restarts=_restarts(home, entry.name),
        memory_bytes=_memory_bytes(info.pid) if info is not None and is_alive else None,
        reason=reason.why if reason else None,
        fix=reason.fix if reason else None,
        last_lines=tuple(lines_of_last_life(log, _LINES_SHOWN)) if is_told else (),
        log=str(log),
    )


def _health(entry: ServiceEntry, info: ProcessInfo | None, home: LocalHome) -> Health:
    if info is None or info.state in {"STOPPED", "STOPPING"}:
        return Health.STOPPED
    if info.state in _FAILED_STATES:
        return Health.FAILED
    if is_healthy(entry, home):
        return Health.HEALTHY
    age_s = time.time() - info.started_s
    return Health.STARTING if age_s < entry.startup_budget_s else Health.UNHEALTHY


def _reason(entry: ServiceEntry, health: Health, home: LocalHome) -> Reason | None:
    if health is Health.HEALTHY:
        return None
    if health is Health.STOPPED:
        return Reason("it is not running", "llmplat up")
    if health is Health.STARTING:
        return Reason(f"it is starting (up to {entry.startup_budget_s:.0f} s)", "llmplat logs -f")
    if health is Health.UNHEALTHY:
        return Reason("it runs but does not answer its probe", f"llmplat logs {entry.name}")
    return _why_dead(entry, home)


def _why_dead(entry: ServiceEntry, home: LocalHome) -> Reason:
    end = _last_end(entry.name, home)
    if end is not None and end.startswith("terminated by"):
        signal = end.removeprefix("terminated by ").removesuffix(" (core dumped)")
        why = f"{signal} ended it: killed by hand, or the machine ran out of memory"
        return Reason(why, "llmplat up")
    known = plain_reason(lines_of_last_life(log_file(home, entry.name), _LINES_SEARCHED))
    if known is not None:
        return known
    return Reason(f"it ended ({end or 'nobody saw how'})", f"llmplat logs {entry.name}")


def _last_end(name: str, home: LocalHome) -> str | None:
    """How the supervisor saw the service end last: "exit status 1", "terminated by SIGKILL"."""
    for line in reversed(last_lines(log_file(home, SUPERVISOR), _LINES_SEARCHED)):
        match = _ENDED.search(line)
        if match is not None and match[1] == name:
            return match[2]
    return None


def _check_alive(
    entry: ServiceEntry, info: ProcessInfo | None, supervisor: Supervisor, home: LocalHome
) -> None:
    if info is not None and info.state not in _FAILED_STATES:
        return
    if info is None and supervisor.is_alive():
        return
    reason = _why_dead(entry, home)
    if info is None:
        reason = Reason("the process supervisor was ended while we waited", "llmplat up")
    # Nothing is won by trying again and again what has just been reported.
    supervisor.stop(entry.name) if info is not None else None
    lines = lines_of_last_life(log_file(home, entry.name), _LINES_SHOWN)
    shown = "".join(f"\n  | {line}" for line in lines)
    raise SubstrateError(
        f"{entry.name} died while it started.",
        f"{reason.why}" + (f"; its last lines:{shown}" if lines else ""),
        (reason.fix, f"llmplat logs {entry.name}"),
        details="\n".join(lines_of_last_life(log_file(home, entry.name), _LINES_SEARCHED)),
    )


def _check_time(waiting: Sequence[ServiceEntry], waited_s: float, home: LocalHome) -> None:
    for entry in waiting:
        if waited_s > entry.startup_budget_s:
            lines = lines_of_last_life(log_file(home, entry.name), _LINES_SHOWN)
            raise TimedOutError(
                f"{entry.name} is not ready after {format_duration(waited_s)}.",
                "it still runs and may become ready" + "".join(f"\n  | {line}" for line in lines),
                ("llmplat status", "llmplat up"),
            )


def _restarts(home: LocalHome, name: str) -> int:
    try:
        return max(0, starts_file(home, name).stat().st_size - 1)
    except OSError:
        return 0


def _memory_bytes(pid: int) -> int | None:
    """Resident memory of the process and its children."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family)
    except psutil.Error:
        return None
