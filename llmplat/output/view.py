"""What a presenter is: how one kind of report is told to people, to pipes and to machines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from llmplat.domain.errors import Finding
from llmplat.output.theme import Theme

Report = TypeVar("Report")


@dataclass(frozen=True)
class View(Generic[Report]):
    """Functions report -> lines, one per audience.

    `human` gives finished lines (paint with the theme it is handed), `plain` one record of
    fields per line, `document` the JSON object's fields where the report's own do not serve,
    `findings` what SARIF tells; a report without findings has no SARIF.
    """

    kind: str
    human: Callable[[Report, Theme], Iterable[str]]
    plain: Callable[[Report], Iterable[Sequence[object]]]
    document: Callable[[Report], Mapping[str, Any]] | None = None
    findings: Callable[[Report], Iterable[Finding]] | None = None


def columns(rows: Sequence[Sequence[str]], *, gap: int = 2) -> list[str]:
    """`rows` of cells as lines with aligned columns; colour codes do not count as width."""
    if not rows:
        return []
    count = max(len(row) for row in rows)
    widths = [
        max((_width(row[i]) for row in rows if i < len(row)), default=0) for i in range(count)
    ]
    return [_joined(row, widths, " " * gap) for row in rows]


def _joined(row: Sequence[str], widths: Sequence[int], gap: str) -> str:
    cells = [cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row)]
    return gap.join(cells).rstrip()


def _width(cell: str) -> int:
    bare, inside = 0, False
    for character in cell:
        if character == "\x1b":
            inside = True
        elif inside:
            inside = character != "m"
        else:
            bare += 1
    return bare
