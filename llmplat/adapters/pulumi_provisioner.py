"""A platform's cloud resources (a Provisioner): infra/drive.py as a child process, its lines as events."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from llmplat.adapters.pulumi_failures import Failure, translate
from llmplat.adapters.pulumi_seat import PulumiSeat
from llmplat.domain.errors import InternalError
from llmplat.domain.provision import (
    CLUSTER_KIND,
    Act,
    Change,
    Event,
    Inputs,
    Moment,
    OnEvent,
    ResourceEvent,
    Said,
)

_ENDING = "ending: what is in flight is waited for; a second interrupt leaves it half-done"


class PulumiProvisioner:
    """Runs one operation at a time; nothing of Pulumi is imported here."""

    def __init__(self, seat: PulumiSeat, env: Mapping[str, str]) -> None:
        self._seat = seat
        self._env = env

    @property
    def place(self) -> str:
        """Where the state is."""
        return self._seat.backend or str(self._seat.folder / "state")

    @property
    def is_local(self) -> bool:
        """Whether only this machine has it."""
        return self._seat.backend is None

    def outputs(self) -> Mapping[str, Any] | None:
        """What the last `up` handed over."""
        if not self._has_state():
            return None
        found = self._run("outputs", {}, _ignore)
        return found if isinstance(found, dict) else None

    def preview(self, inputs: Inputs) -> tuple[Change, ...]:
        """What would change, each resource once."""
        changes: dict[tuple[str, str], Change] = {}

        def note(row: Mapping[str, Any]) -> None:
            if row.get("event") == Moment.BEGAN:
                change = _change(row)
                key = (change.name, change.kind)
                # A replacement is told in two parts, one of which may be called a deletion.
                if key not in changes or change.act is Act.REPLACE:
                    changes[key] = change

        self._run("preview", inputs, _ignore, note)
        return tuple(changes.values())

    def up(self, inputs: Inputs, on_event: OnEvent) -> Mapping[str, Any]:
        """Make it so."""
        found = self._run("up", inputs, on_event)
        return found if isinstance(found, dict) else {}

    def is_protected(self) -> bool:
        """Whether the cluster may not be deleted."""
        rows = self._run("resources", {}, _ignore) or ()
        return any(row["kind"] == CLUSTER_KIND and row["protected"] for row in rows)

    def unprotect(self, inputs: Inputs, on_event: OnEvent) -> None:
        """Lift the protection."""
        self._run("unprotect", inputs, on_event)

    def resources(self) -> tuple[Change, ...]:
        """Everything there is."""
        rows = self._run("resources", {}, _ignore) or ()
        return tuple(Change(row["name"], row["kind"], Act.DELETE) for row in rows)

    def destroy(self, inputs: Inputs, on_event: OnEvent) -> None:
        """Remove everything."""
        self._run("destroy", inputs, on_event)

    def refresh(self, inputs: Inputs, on_event: OnEvent) -> None:
        """Have the state say what the cloud says."""
        self._run("refresh", inputs, on_event)

    def forget(self) -> None:
        """Drop the state."""
        if self._has_state():
            self._run("forget", {}, _ignore)

    def repair(self, inputs: Inputs, on_event: OnEvent) -> None:
        """Break the lock, look for what was half-done."""
        self._run("repair", inputs, on_event)

    def _has_state(self) -> bool:
        """Whether there may be one; a bucket has to be asked."""
        return not self.is_local or (self._seat.folder / "state").is_dir()

    def _run(
        self,
        verb: str,
        inputs: Inputs,
        on_event: OnEvent,
        note: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> Any:  # noqa: ANN401 (the result of that verb, as JSON)
        request = json.dumps(self._seat.request(verb, inputs, self._env)) + "\n"
        seen: list[Event] = []
        with self._child() as child:
            assert child.stdin is not None  # noqa: S101 (a pipe was asked for)
            child.stdin.write(request)
            child.stdin.flush()
            last: Mapping[str, Any] = {}
            for row in _rows(child):
                last = row
                if note is not None:
                    note(row)
                event = _event(row)
                if event is not None:
                    seen.append(event)
                    on_event(event)
        if "result" in last:
            return last["result"]
        if last.get("failed") == "absent":
            return None
        if "failed" in last:
            raise translate(Failure(last["failed"], last["message"], verb), seen, self.place)
        raise InternalError(
            "The child that drives Pulumi ended without a word.",
            why=f"exit status {child.returncode}",
            fix=("run the same command again with --debug",),
            details=self._said(),
        )

    @contextmanager
    def _child(self) -> "Iterator[subprocess.Popen[str]]":
        """A session of its own, so that a signal reaches it through us, once."""
        self._seat.folder.mkdir(parents=True, exist_ok=True)
        with (self._seat.folder / "driver.log").open("w") as log:
            child = subprocess.Popen(
                [self._seat.python, str(self._seat.home / "infra" / "drive.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self._seat.environment(self._env),
                start_new_session=True,
            )
            try:
                yield child
            finally:
                _end(child)

    def _said(self) -> str:
        with suppress(OSError):
            return (self._seat.folder / "driver.log").read_text(errors="replace")[-4000:]
        return ""


def _rows(child: "subprocess.Popen[str]") -> Iterator[Mapping[str, Any]]:
    """Every line until the child ends. The first interrupt lets it end gracefully."""
    assert child.stdout is not None  # noqa: S101 (a pipe was asked for)
    while True:
        try:
            line = _line(child.stdout)
        except KeyboardInterrupt:
            # Pulumi ends gracefully at the first one, and at once at the second.
            _signal_group(child, signal.SIGINT)
            yield {"event": "said", "text": _ENDING, "error": False}
            continue
        if not line:
            return
        with suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict):
                yield row


def _line(stream: IO[str]) -> str:
    return stream.readline()


def _end(child: "subprocess.Popen[str]") -> None:
    """Let go of its stdin, which ends it gracefully where it still runs; then wait."""
    with suppress(OSError):
        if child.stdin is not None:
            child.stdin.close()
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _signal_group(child: "subprocess.Popen[str]", number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _change(row: Mapping[str, Any]) -> Change:
    return Change(row["name"], row["kind"], Act(row["act"]), tuple(row.get("differs", ())))


def _event(row: Mapping[str, Any]) -> Event | None:
    kind = row.get("event")
    if kind == "said":
        return Said(row["text"], bool(row["error"]), row.get("name", ""))
    if kind in set(Moment):
        return ResourceEvent(row["name"], row["kind"], Act(row["act"]), Moment(kind))
    return None


def _ignore(_event: Event) -> None:
    """Nobody listens."""
