"""Turns records into lines: one a line, tab-separated, no colour, stable order."""

from collections.abc import Iterable, Iterator, Sequence


def lines(records: Iterable[Sequence[object]]) -> Iterator[str]:
    """One line per record; a field never brings its own tab or line break."""
    for record in records:
        yield "\t".join(_field(value) for value in record)


def _field(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split()) or "-"
