"""Turns doors into lines: all of them in a table, one with what opening it would change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmplat.observe.doors import DoorsReport, Judged, State
from llmplat.output.theme import Theme
from llmplat.output.tree_diff_view import TREE_DIFF
from llmplat.output.view import View, columns
from llmplat.render.tree_diff import TreeDiffReport

_STATES = {State.MET: "warning", State.NOT_MET: "ok", State.UNKNOWN: "waiting"}
_WORDS = {State.MET: "worth it now", State.NOT_MET: "not yet", State.UNKNOWN: "not known"}


@dataclass(frozen=True)
class OpenedDoor:
    """One door, and what opening it would change."""

    judged: Judged
    changes: TreeDiffReport | None
    """None where nothing in the file opens it."""


def _human(report: DoorsReport, theme: Theme) -> Iterator[str]:
    yield theme.dim(f"metrics: {report.source or 'none were asked (--prometheus URL)'}")
    yield from columns([_row(one, theme) for one in report.doors])


def _row(one: Judged, theme: Theme) -> list[str]:
    told = one.why or f"{_measured(one)}: {one.door.trigger.told}"
    return [theme.state(_STATES[one.state], _WORDS[one.state]), one.door.name, told]


def _measured(one: Judged) -> str:
    trigger = one.door.trigger
    sign, limit = (">", trigger.above) if trigger.above is not None else ("<", trigger.below)
    return f"{one.value:.4g} (worth it {sign} {limit:g})"


def _plain(report: DoorsReport) -> Iterator[Sequence[object]]:
    for one in report.doors:
        yield one.state.value, one.door.name, one.value, one.why, ", ".join(one.blocked_by)


def _document(report: DoorsReport) -> Mapping[str, Any]:
    return {"source": report.source, "doors": [_facts(one) for one in report.doors]}


def _facts(one: Judged) -> Mapping[str, Any]:
    return {
        "name": one.door.name,
        "state": one.state,
        "value": one.value,
        "why": one.why,
        "trigger": one.door.trigger,
        "blockedBy": one.blocked_by,
        "incompatible": one.door.incompatible,
        "missing": one.door.missing,
        "isProven": one.door.is_proven,
        "unprovenWhy": one.door.unproven_why,
    }


def _one(opened: OpenedDoor, theme: Theme) -> Iterator[str]:
    one, door = opened.judged, opened.judged.door
    yield f"{theme.title(door.title)}: {door.adds}"
    yield from columns(
        [
            ["  left out", door.deferred],
            ["  trigger", door.trigger.told],
            ["  now", _row(one, theme)[0] + (f", {one.why}" if one.why else f", {_measured(one)}")],
            *(["  clashes", f"{c.with_what}: {c.why}"] for c in door.incompatible),
            *([["  not there", door.missing]] if door.missing else []),
            ["  proven", "here" if door.is_proven else f"not here: {door.unproven_why}"],
        ]
    )
    if opened.changes is None:
        yield "Nothing in the platform file opens it yet."
        return
    yield "Opening it would:"
    yield from (f"  {line}" for line in TREE_DIFF.human(opened.changes, theme))


def _one_plain(opened: OpenedDoor) -> Iterator[Sequence[object]]:
    one = opened.judged
    yield one.state.value, one.door.name, one.value, one.why, ", ".join(one.blocked_by)
    if opened.changes is not None:
        yield from TREE_DIFF.plain(opened.changes)


def _one_document(opened: OpenedDoor) -> Mapping[str, Any]:
    changes = None if opened.changes is None else opened.changes.changes
    return {**_facts(opened.judged), "changes": changes}


DOORS: View[DoorsReport] = View("Doors", _human, _plain, _document)
DOOR: View[OpenedDoor] = View("Door", _one, _one_plain, _one_document)
