"""Runs one Pulumi operation on a program of infra/: a request on stdin, JSON lines on stdout.

A program of its own, run by the Python that has Pulumi's packages: llmplat starts it as a child and
never imports them. The first line of stdin is the request; when stdin ends the caller is gone, and
the operation ends as if interrupted.
"""

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from pulumi import automation as auto
from pulumi.automation import events

CLUSTER = "gcp:container/cluster:Cluster"
_COLOURS = re.compile(r"<\{%.*?%\}>")
_ACTS = {
    "create": "create", "update": "update", "delete": "delete", "replace": "replace",
    "create-replacement": "replace", "delete-replaced": "replace",
}  # fmt: skip
_interrupted = threading.Event()


def say(**document: object) -> None:
    """One line to the caller."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def on_event(event: events.EngineEvent) -> None:
    """What the caller needs to know of an engine event."""
    if event.diagnostic_event is not None:
        _diagnostic(event.diagnostic_event)
    moments = (
        ("began", event.resource_pre_event),
        ("done", event.res_outputs_event),
        ("failed", event.res_op_failed_event),
    )
    for moment, step in moments:
        if step is not None and step.metadata.op.value in _ACTS:
            meta = step.metadata
            say(event=moment, name=_name(meta.urn), kind=meta.type, act=_ACTS[meta.op.value],
                differs=sorted(meta.keys or meta.diffs or []))  # fmt: skip


def _diagnostic(event: events.DiagnosticEvent) -> None:
    text = _COLOURS.sub("", event.message).strip()
    if text and not event.ephemeral and event.severity in {"warning", "error"}:
        name = _name(event.urn) if event.urn else ""
        say(event="said", text=text, error=event.severity == "error", name=name)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def open_stack(request: dict[str, Any], *, makes: bool) -> auto.Stack:
    """The stack; StackNotFoundError when it is not there and not to be made."""
    options = auto.LocalWorkspaceOptions(
        env_vars=request["env"],
        pulumi_home=request["home"],
    )
    opener = auto.create_or_select_stack if makes else auto.select_stack
    return opener(request["stack"], work_dir=request["folder"], opts=options)


def outputs(request: dict[str, Any]) -> object:
    """Plain outputs of the last update."""
    found = open_stack(request, makes=False).outputs()
    return {name: value.value for name, value in found.items() if not value.secret}


def preview(request: dict[str, Any]) -> None:
    """Events only."""
    open_stack(request, makes=True).preview(on_event=on_event, color="never")


def up(request: dict[str, Any]) -> object:
    """The outputs."""
    done = open_stack(request, makes=True).up(on_event=on_event, color="never", show_secrets=False)
    return {name: value.value for name, value in done.outputs.items() if not value.secret}


def resources(request: dict[str, Any]) -> object:
    """Name, kind and protection of everything the state holds."""
    return [
        {
            "name": _name(one["urn"]),
            "kind": one["type"],
            "protected": bool(one.get("inputs", {}).get("deletionProtection")),
        }
        for one in _state(open_stack(request, makes=False))
        if one.get("custom") and not one["type"].startswith("pulumi:")
    ]


def unprotect(request: dict[str, Any]) -> None:
    """An update of the cluster alone, with the inputs as they are given."""
    stack = open_stack(request, makes=False)
    targets = [one["urn"] for one in _state(stack) if one["type"] == CLUSTER]
    if targets:
        stack.up(target=targets, on_event=on_event, color="never", show_secrets=False)


def destroy(request: dict[str, Any]) -> None:
    """Everything, then the stack itself."""
    stack = open_stack(request, makes=False)
    stack.destroy(on_event=on_event, color="never", show_secrets=False)
    stack.workspace.remove_stack(request["stack"])


def refresh(request: dict[str, Any]) -> None:
    """The state as the cloud has it."""
    stack = open_stack(request, makes=False)
    stack.refresh(on_event=on_event, color="never", show_secrets=False)


def forget(request: dict[str, Any]) -> None:
    """The stack with its state; what the state holds is left as it is."""
    stack = open_stack(request, makes=False)
    stack.workspace.remove_stack(request["stack"], force=True)


def repair(request: dict[str, Any]) -> None:
    """Lets go of a lock, then asks the cloud about what was half-done."""
    stack = open_stack(request, makes=False)
    try:
        stack.cancel()
    except auto.CommandError as error:
        # Nothing was locked: then there is only the state to look through.
        say(event="said", text=str(error).strip().splitlines()[-1], error=False, name="")
    stack.refresh(clear_pending_creates=True, on_event=on_event, color="never", show_secrets=False)


def _state(stack: auto.Stack) -> list[dict[str, Any]]:
    deployment = stack.export_stack().deployment or {}
    return list(deployment.get("resources") or ())


def _watch_caller() -> None:
    """The caller holds our stdin open for as long as it lives."""
    sys.stdin.read()
    os.killpg(os.getpgid(0), signal.SIGINT)


def _failed(kind: str, error: Exception) -> None:
    say(failed=kind, message=_COLOURS.sub("", str(error))[-8000:])


VERBS: dict[str, Callable[[dict[str, Any]], object]] = {
    one.__name__: one
    for one in (outputs, preview, up, resources, unprotect, destroy, refresh, forget, repair)
}


def main() -> None:
    """One request, one result or failure."""
    request = json.loads(sys.stdin.readline())
    # Pulumi's own process is in our group: it has the same signal and ends what is in flight.
    signal.signal(signal.SIGINT, lambda *_: _interrupted.set())
    threading.Thread(target=_watch_caller, daemon=True).start()
    try:
        say(result=VERBS[request["verb"]](request))
    except auto.StackNotFoundError as error:
        _failed("absent", error)
    except auto.ConcurrentUpdateError as error:
        _failed("locked", error)
    except auto.InvalidVersionError as error:
        _failed("version", error)
    except FileNotFoundError as error:
        _failed("no-cli", error)
    except auto.CommandError as error:
        pending = "pending operations" in str(error)
        _failed("cancelled" if _interrupted.is_set() else "pending" if pending else "failed", error)


if __name__ == "__main__":
    main()
