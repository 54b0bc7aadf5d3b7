"""Charts are not left to defaults that are known to hurt.

Each row of the table chart-traps names a chart's key, what it must say, why, and where that is
written: defaults that fail open, install a second database, or make a controller see nothing.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from llmplat.catalog.read import read_mapping
from llmplat.catalog.schemas import DATA
from llmplat.validate.faults import Path
from llmplat.validate.objects import Object, Objects, chart_of, get, sources_of
from llmplat.validate.smell import Smell

_TABLE = DATA.parent / "chart-traps.yaml"


def find(objects: Objects) -> Iterator[Smell]:
    """Values that leave a chart in one of its traps."""
    for one in objects.applications:
        for path, source in sources_of(one):
            helm = source.get("helm")
            values = get(helm, "valuesObject")
            if get(helm, "values") is not None or get(helm, "valueFiles") is not None:
                continue  # what is laid over what is not known here
            for trap in traps().get(chart_of(source) or "", ()):
                yield from _judge(one, (*path, "helm", "valuesObject"), values or {}, trap)


@cache
def traps() -> dict[str, list[Mapping[str, Any]]]:
    """The table, by chart."""
    return {str(chart): list(rows) for chart, rows in read_mapping(_TABLE)["charts"].items()}


def _judge(one: Object, path: Path, values: Any, trap: Mapping[str, Any]) -> Iterator[Smell]:  # noqa: ANN401 (a chart's values)
    key = tuple(trap["key"])
    value = get(values, *key)
    if "must_be" in trap:
        is_wrong = value != trap["must_be"]
        fix = f"{'.'.join(key)}: {str(trap['must_be']).lower() if isinstance(trap['must_be'], bool) else trap['must_be']}"
    else:
        is_wrong = value in (None, "", {}, [])
        fix = f"set {'.'.join(key)}"
    if is_wrong:
        said = "is not set" if value is None else f"is {value}"
        yield Smell(one, (*path, *key), f"{'.'.join(key)} {said}: {trap['why']}", fix)
