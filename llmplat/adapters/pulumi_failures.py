"""How an operation of Pulumi failed -> one of our errors, with the resources by name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llmplat.domain.errors import (
    LlmplatError,
    PreconditionError,
    ProvisionError,
    ProvisionLockedError,
)
from llmplat.domain.provision import Event, Moment, ResourceEvent, Said

_AGAIN = "run the same command again: what was made stays and is not made twice"
_REPAIR = "llmplat up --repair"
_HOLDER = re.compile(r"created by (?P<who>\S+@\S+) \(pid (?P<pid>\d+)\) at (?P<when>\S+)")


@dataclass(frozen=True)
class Failure:
    """What the child said."""

    kind: str
    """absent, locked, pending, version, no-cli, cancelled or failed."""
    message: str
    verb: str


def translate(failure: Failure, seen: Sequence[Event], place: str) -> LlmplatError:
    """What to raise; KeyboardInterrupt where somebody interrupted and all ended gracefully."""
    if failure.kind == "cancelled":
        raise KeyboardInterrupt
    if failure.kind == "locked":
        return _locked(failure, place)
    if failure.kind == "pending":
        return ProvisionLockedError(
            "An interrupted run left half-done operations behind.",
            why="whether the cloud finished them is not known yet",
            fix=(_REPAIR,),
            details=failure.message,
        )
    if failure.kind in {"version", "no-cli"}:
        return PreconditionError(
            "Pulumi's command line tool cannot be used.",
            why=failure.message.splitlines()[-1] if failure.message else None,
            fix=("llmplat up --install-pulumi",),
        )
    return _failed(failure, seen)


def _locked(failure: Failure, place: str) -> ProvisionLockedError:
    holder = _HOLDER.search(failure.message)
    who = "another run holds it"
    if holder is not None:
        who = f"pid {holder['pid']} of {holder['who']} has held it since {holder['when']}"
    return ProvisionLockedError(
        "The state of the cloud resources is locked by another run.",
        why=f"{who} (in {place}); if that one is gone, it left the lock behind",
        fix=("wait for it to end, then run this again", f"{_REPAIR}    (only if it is gone)"),
        details=failure.message,
    )


def _failed(failure: Failure, seen: Sequence[Event]) -> ProvisionError:
    steps = [event for event in seen if isinstance(event, ResourceEvent)]
    failed = list(dict.fromkeys(e.name for e in steps if e.moment is Moment.FAILED))
    done = list(dict.fromkeys(e.name for e in steps if e.moment is Moment.DONE))
    open_ = [
        e.name
        for e in steps
        if e.moment is Moment.BEGAN and e.name not in failed and e.name not in done
    ]
    said = [event for event in seen if isinstance(event, Said) and event.is_error]
    what = {
        "destroy": "The cloud resources could not all be removed",
        "unprotect": "The deletion protection could not be lifted",
        "repair": "The state could not be repaired",
        "preview": "What would change could not be found out",
    }.get(failure.verb, "The cloud resources could not all be made")
    why = "; ".join(_told(one) for one in said[:3]) or _last(failure.message)
    state = [f"done: {', '.join(done)}"] if done else []
    state += [f"not known: {', '.join(dict.fromkeys(open_))}"] if open_ else []
    return ProvisionError(
        f"{what}: {', '.join(failed)}." if failed else f"{what}.",
        why=". ".join([why, *state]),
        fix=(_AGAIN,),
        details=failure.message,
    )


def _told(said: Said) -> str:
    text = said.text.splitlines()[0]
    return f"{said.name}: {text}" if said.name else text


def _last(message: str) -> str:
    lines = [line for line in message.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "Pulumi gave no reason"
