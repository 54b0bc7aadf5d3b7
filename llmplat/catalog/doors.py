"""Reads the doors: what was left out on purpose, when it would be worth having, what opens it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmplat.catalog.read import Record, read_each


@dataclass(frozen=True)
class Trigger:
    """When a door is worth opening."""

    told: str
    query: str | None
    """PromQL; None where no metric of the platform tells."""
    above: float | None
    below: float | None
    """The trigger is met when the answer is above or below."""
    unmeasured: str | None
    """Why there is no query."""
    gateway_count: tuple[str, str] | None
    """Label and metric: how many values the label has, where there is a gateway and no Prometheus."""


@dataclass(frozen=True)
class Conflict:
    """What it does not go together with."""

    with_what: str
    """A component's name, or words."""
    why: str


@dataclass(frozen=True)
class DoorFacts:
    """One thing that was left out on purpose."""

    name: str
    title: str
    adds: str
    deferred: str
    """Why it was left out."""
    trigger: Trigger
    switch: Mapping[str, Any]
    """What to lay over the platform file; `models.*` is laid over each model of ours. {}: nothing."""
    incompatible: tuple[Conflict, ...]
    missing: str | None
    """What even then is not there yet."""
    is_proven: bool
    unproven_why: str | None


def load_doors(home: Path) -> Mapping[str, DoorFacts]:
    """Every door by its name; a door with a chart has its component.yaml in the same folder.

    Raises CatalogError when a file is wrong.
    """
    return read_each((home / "templates" / "doors").glob("*/door.yaml"), _make_door)


def _make_door(record: Record) -> DoorFacts:
    proof = record.record("proof")
    trigger = record.record("trigger")
    if proof is None or trigger is None:
        raise record.wrong("trigger", "a trigger and a proof are needed", None)
    door = DoorFacts(
        name=record.text("name"),
        title=record.text("title"),
        adds=record.text("adds"),
        deferred=record.text("deferred"),
        trigger=_make_trigger(trigger),
        switch=record.tree("switch"),
        incompatible=tuple(_make_conflict(row) for row in record.records("incompatible")),
        missing=record.optional_text("missing"),
        is_proven=proof.flag("here"),
        unproven_why=proof.optional_text("why"),
    )
    if not door.switch and door.missing is None:
        raise record.wrong("switch", "what opens it, or what is missing for that", None)
    return door


def _make_trigger(record: Record) -> Trigger:
    counted = record.record("gateway")
    trigger = Trigger(
        told=record.text("told"),
        query=record.optional_text("query"),
        above=record.limit("above"),
        below=record.limit("below"),
        unmeasured=record.optional_text("unmeasured"),
        gateway_count=(counted.text("count"), counted.text("of")) if counted else None,
    )
    record.done()
    has_limit = (trigger.above is None) != (trigger.below is None)
    if bool(trigger.query) == bool(trigger.unmeasured) or (trigger.query and not has_limit):
        raise record.wrong("query", "a query with above or below, or unmeasured", trigger.query)
    return trigger


def _make_conflict(record: Record) -> Conflict:
    conflict = Conflict(record.text("with"), record.text("why"))
    record.done()
    return conflict
