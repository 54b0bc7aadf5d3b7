"""Turns spend by day and a budget into the points of a plot."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 34, 34


@dataclass(frozen=True)
class Day:
    """One UTC day."""

    day: str
    nanousd: int
    total_nanousd: int
    """From the start of the period until the end of this day."""
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Plot:
    """What was spent until each day, against the budget; lengths in the SVG's own units."""

    days: tuple[Day, ...]
    limit_nanousd: int | None
    limit_y: float
    floor_y: float
    width: int = WIDTH
    height: int = HEIGHT


def make_plot(
    days: list[dict[str, Any]], since: str, until: str, limit_nanousd: int | None
) -> Plot:
    """A bar for each day of `since` to `until`, its height what was spent until then."""
    first, last = (dt.date.fromisoformat(moment[:10]) for moment in (since, until))
    spent = {one["day"]: int(one["nanousd"]) for one in days}
    names = [str(first + dt.timedelta(days=n)) for n in range((last - first).days + 1)]
    top = max(sum(spent.values()), limit_nanousd or 0, 1)
    room = HEIGHT - _TOP - _BOTTOM
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(names))
    found = []
    total = 0
    for index, name in enumerate(names):
        total += spent.get(name, 0)
        tall = room * total / top
        place = (round(_LEFT + index * step, 1), round(_TOP + room - tall, 1))
        width = round(max(0.5, step * 0.8), 1)
        found.append(Day(name, spent.get(name, 0), total, *place, width, round(tall, 1)))
    limit_y = _TOP + room * (1 - (limit_nanousd or 0) / top)
    return Plot(tuple(found), limit_nanousd, round(limit_y, 1), _TOP + room)
