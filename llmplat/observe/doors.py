"""Doors and what the running platform's metrics say -> which are worth opening now."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from llmplat.catalog.doors import DoorFacts, Trigger

Query = Callable[[str], Sequence[float]]
"""PromQL -> the values of what it finds."""
CountValues = Callable[[str, str], int]
"""Label and metric -> how many values the label has in the gateway's own metrics."""


class State(StrEnum):
    """Whether a trigger is met."""

    MET = "met"
    NOT_MET = "not-met"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judged:
    """One door, and what was seen of its trigger."""

    door: DoorFacts
    state: State
    value: float | None
    """What was measured; None where nothing was."""
    why: str | None
    """Why it is unknown."""
    blocked_by: tuple[str, ...]
    """Running components that it does not go together with."""


@dataclass(frozen=True)
class DoorsReport:
    """All doors, those whose trigger is met first."""

    source: str | None
    """Whose metrics were asked; None: nobody's."""
    doors: tuple[Judged, ...]


@dataclass(frozen=True)
class Metrics:
    """What can be asked; None where it cannot."""

    source: str | None = None
    query: Query | None = None
    count_values: CountValues | None = None


def judge_doors(
    doors: Iterable[DoorFacts], metrics: Metrics, running: Iterable[str]
) -> DoorsReport:
    """Every door with the state of its trigger; raises what the questions raise."""
    there = set(running)
    judged = (_judge(door, metrics, there) for door in doors)
    order = list(State)
    return DoorsReport(
        metrics.source,
        tuple(sorted(judged, key=lambda one: (order.index(one.state), one.door.name))),
    )


def _judge(door: DoorFacts, metrics: Metrics, running: set[str]) -> Judged:
    value, why = _measure(door.trigger, metrics)
    state = State.UNKNOWN
    if value is not None:
        state = State.MET if _is_met(door.trigger, value) else State.NOT_MET
    blocked = (one.with_what for one in door.incompatible if one.with_what in running)
    return Judged(door, state, value, why, tuple(blocked))


def _measure(trigger: Trigger, metrics: Metrics) -> tuple[float | None, str | None]:
    """The value, or why there is none."""
    if trigger.unmeasured is not None:
        return None, trigger.unmeasured
    if metrics.query is not None and trigger.query is not None:
        found = metrics.query(trigger.query)
        return (max(found), None) if found else (None, "the metrics it asks for have no values yet")
    if metrics.count_values is not None and trigger.gateway_count is not None:
        return float(metrics.count_values(*trigger.gateway_count)), None
    if metrics.count_values is not None:
        return None, "the gateway's own metrics do not tell; Prometheus would"
    return None, "no metrics were asked (--prometheus)"


def _is_met(trigger: Trigger, value: float) -> bool:
    if trigger.above is not None:
        return value > trigger.above
    return trigger.below is not None and value < trigger.below
