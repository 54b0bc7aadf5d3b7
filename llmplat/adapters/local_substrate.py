"""The local substrate: a platform's services as supervised processes of this machine."""

import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from llmplat.adapters.folder_size import folder_bytes
from llmplat.adapters.local_claim import claim, holder, write_step
from llmplat.adapters.local_health import status_of, wait_healthy
from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_logs import ends_of, follow, last_lines
from llmplat.adapters.local_preflight import find_missing
from llmplat.adapters.local_process import LocalProcess, digest, log_file, starts_file
from llmplat.adapters.local_redis import check_data, find_redis
from llmplat.adapters.local_render import local_processes, write_files, write_processes
from llmplat.adapters.local_secrets import SYSTEM_KEY, ensure_secrets, read_secret
from llmplat.adapters.local_state import ServiceEntry, State, read_state
from llmplat.adapters.local_supervisor import ALIVE_STATES, Supervisor
from llmplat.adapters.local_sweep import SUPERVISOR, marked
from llmplat.domain.errors import Finding, InputError
from llmplat.domain.ports import Progress
from llmplat.domain.substrate import (
    DownResult,
    Left,
    LogLine,
    Needs,
    Places,
    Role,
    SubstrateInputs,
    SubstrateOutputs,
    SubstrateStatus,
)

_LEFTOVER_GRACE_S = 1.0
"""For processes whose supervisor is dead: nobody can reach them any more in an orderly way."""
_DOWN_GRACE_S = 5.0
_SHUTDOWN_SPARE_S = 5.0


class LocalSubstrate:
    """One platform on this machine; state under `root`, what can be fetched again under `cache`."""

    def __init__(self, platform: str, root: Path, cache: Path) -> None:
        self._home = LocalHome(platform, root.absolute())
        self._cache = cache
        self._supervisor = Supervisor(self._home)

    @property
    def state_id(self) -> str:
        """Marks the platform's processes."""
        return self._home.state_id

    def claim(self, verb: str) -> AbstractContextManager[None]:
        """Hold the platform for one run; BusyError when another holds it."""
        if verb == "down" and not self._home.root.exists():
            # Nothing to hold, and nothing to make just to say so.
            return nullcontext()
        self._home.make()
        return claim(self._home.run, verb)

    def mark(self, verb: str, step: str) -> None:
        """Note the step we are in, for others to see."""
        if self._home.run.is_dir():
            write_step(self._home.run, verb, step)

    def preflight(self, needs: Needs) -> tuple[Finding, ...]:
        """All that is missing; NewerVersionError when a newer llmplat owns the state."""
        state = read_state(self._home.state_file)
        processes = self._supervisor.processes()
        running = {
            entry.name: entry.port
            for entry in (state.services if state is not None else ())
            if entry.name in processes and processes[entry.name].state in ALIVE_STATES
        }
        return find_missing(needs, self._home, self._cache, running)

    def prepare(self) -> Places:
        """Make folders and secrets; where the services will find things."""
        self._home.make()
        ensure_secrets(self._home.secrets)
        key = read_secret(self._home.secrets, SYSTEM_KEY)
        return Places(
            config_dir=str(self._home.config_dir),
            gateway_code=str(self._home.gateway_code),
            counters_url=f"unix://{self._home.redis_socket}",
            ledger_url=f"sqlite://{self._home.ledger_file}",
            system_key=key,
            system_key_sha256=hashlib.sha256(key.encode()).hexdigest(),
        )

    def up(self, inputs: SubstrateInputs, progress: Progress) -> SubstrateOutputs:
        """Write what changed, start or replace what changed, wait until all are well.

        Raises:
            PreconditionError: no Redis, or one that cannot read the counters.
            SubstrateError: a service died while it started.
            TimedOutError: a service is not ready within its budget.
        """
        redis = find_redis() if _has_gateway(inputs) else None
        if redis is not None:
            check_data(redis, self._home)
        self.mark("up", "write")
        with progress.step("Write configuration") as step:
            changed = write_files(inputs, self._home)
            processes = local_processes(inputs, redis, self._home)
            before = read_state(self._home.state_file)
            write_processes(processes, inputs, redis, self._home)
            step.detail(f"{len(changed)} files changed" if changed else "unchanged")
        self.mark("up", "services")
        with progress.step("Start services") as step:
            outputs = self._start(processes, before)
            step.detail(_in_words(outputs))
        self.mark("up", "wait")
        with progress.step("Wait until healthy") as step:
            wait_healthy(self._entries(), self._supervisor, self._home, step)
        return outputs

    def status(self) -> SubstrateStatus:
        """What runs now; starts and changes nothing."""
        state = read_state(self._home.state_file)
        processes = self._supervisor.processes()
        entries = state.services if state is not None else ()
        return SubstrateStatus(
            platform=self._home.platform,
            exists=state is not None,
            gateway_url=_gateway_url(state),
            services=tuple(
                status_of(entry, processes.get(entry.name), self._home) for entry in entries
            ),
            busy=holder(self._home.run),
        )

    def secret(self, name: str) -> str | None:
        """The value of a secret; None when it was never made."""
        try:
            return read_secret(self._home.secrets, name)
        except FileNotFoundError:
            return None

    def logs(self, service: str | None, lines: int, *, is_following: bool) -> Iterator[LogLine]:
        """The last `lines` of one service or of all, then new ones while `is_following`.

        Raises:
            InputError: there is no such service.
        """
        files = self._log_files(service)
        places = ends_of(files)
        for name, path in files.items():
            for line in last_lines(path, lines, places[name]):
                yield LogLine(name, line)
        if is_following:
            yield from follow(files, places)

    def down(self, progress: Progress, *, is_dry_run: bool, is_purge: bool) -> DownResult:
        """Stop all that runs, by the supervisor or without it; data stays unless `is_purge`."""
        state = read_state(self._home.state_file)
        running = self._running()
        left = self._left(state, is_purge=is_purge)
        removed = (str(self._home.root),) if is_purge and self._home.root.exists() else ()
        if is_dry_run:
            return DownResult(running, (), removed, left)
        killed: tuple[str, ...] = ()
        if running:
            self.mark("down", "stop")
            with progress.step("Stop services") as step:
                killed = self._stop(state)
                step.detail(", ".join(running))
        self._forget(is_purge=is_purge)
        return DownResult(running, killed, removed, left)

    def _start(self, processes: tuple[LocalProcess, ...], before: State | None) -> SubstrateOutputs:
        names = tuple(process.service.name for process in processes)
        if not self._supervisor.is_alive():
            self._supervisor.sweep(_LEFTOVER_GRACE_S)
            self._reset_counts(names)
            self._supervisor.start()
            return self._outputs(started=names)
        self._reset_counts(self._changed(processes, before))
        added, changed, removed = self._supervisor.reload()
        dead = self._revive(set(names) - {*added, *changed})
        kept = tuple(name for name in names if name not in {*added, *changed, *dead})
        return self._outputs((*added, *dead), changed, removed, kept)

    def _changed(
        self, processes: tuple[LocalProcess, ...], before: State | None
    ) -> tuple[str, ...]:
        entries = {entry.name: entry.digest for entry in before.services} if before else {}
        return tuple(
            process.service.name
            for process in processes
            if entries.get(process.service.name) != digest(process, self._home)
        )

    def _revive(self, names: set[str]) -> tuple[str, ...]:
        """Start afresh what is not alive though nothing of it changed."""
        processes = self._supervisor.processes()
        dead = sorted(
            name
            for name in names
            if name in processes and processes[name].state not in ALIVE_STATES
        )
        self._reset_counts(tuple(dead))
        for name in dead:
            self._supervisor.restart(name)
        return tuple(dead)

    def _outputs(
        self,
        started: tuple[str, ...] = (),
        restarted: tuple[str, ...] = (),
        removed: tuple[str, ...] = (),
        kept: tuple[str, ...] = (),
    ) -> SubstrateOutputs:
        url = _gateway_url(read_state(self._home.state_file)) or ""
        return SubstrateOutputs(url, started, restarted, removed, kept)

    def _reset_counts(self, names: tuple[str, ...]) -> None:
        for name in names:
            starts_file(self._home, name).unlink(missing_ok=True)

    def _entries(self) -> tuple[ServiceEntry, ...]:
        state = read_state(self._home.state_file)
        return state.services if state is not None else ()

    def _log_files(self, service: str | None) -> dict[str, Path]:
        names = [entry.name for entry in self._entries()]
        if service is not None and service not in {*names, SUPERVISOR}:
            known = ", ".join([*names, SUPERVISOR]) if names else "nothing was ever started"
            raise InputError(
                f"There is no service {service}.",
                f"services: {known}",
                ("llmplat status", "llmplat logs"),
            )
        wanted = names if service is None else [service]
        return {name: log_file(self._home, name) for name in wanted}

    def _running(self) -> tuple[str, ...]:
        return tuple(sorted({one.service for one in marked(self.state_id)}))

    def _stop(self, state: State | None) -> tuple[str, ...]:
        grace_s = max((entry.stop_grace_s for entry in state.services), default=10) if state else 10
        if self._supervisor.is_alive():
            self._supervisor.shutdown()
            deadline = time.monotonic() + grace_s + _SHUTDOWN_SPARE_S
            while marked(self.state_id) and time.monotonic() < deadline:
                time.sleep(0.1)
        left = self._running()
        self._supervisor.sweep(_DOWN_GRACE_S)
        return left

    def _forget(self, *, is_purge: bool) -> None:
        if self._home.sockets != self._home.run:
            shutil.rmtree(self._home.sockets, ignore_errors=True)
        if is_purge:
            with suppress(FileNotFoundError):
                shutil.rmtree(self._home.root)

    def _left(self, state: State | None, *, is_purge: bool) -> tuple[Left, ...]:
        left = []
        if not is_purge and self._home.root.exists():
            what = "state: counters, secrets, keys, logs, configuration"
            left.append(Left(what, str(self._home.root), folder_bytes(self._home.root)))
        caches = [Path(cache) for cache in (state.caches if state is not None else ())]
        left += [
            Left("cache, may be shared", str(cache), folder_bytes(cache))
            for cache in caches
            if cache.exists()
        ]
        return tuple(left)


def _has_gateway(inputs: SubstrateInputs) -> bool:
    return any(service.role is Role.GATEWAY for service in inputs.services)


def _gateway_url(state: State | None) -> str | None:
    for entry in state.services if state is not None else ():
        if entry.role == Role.GATEWAY:
            return f"http://{entry.host}:{entry.port}"
    return None


def _in_words(outputs: SubstrateOutputs) -> str:
    said = {
        "started": outputs.started,
        "replaced": outputs.restarted,
        "removed": outputs.removed,
        "kept": outputs.kept,
    }
    return "; ".join(f"{verb} {', '.join(names)}" for verb, names in said.items() if names)
