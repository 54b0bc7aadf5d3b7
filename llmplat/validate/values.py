"""The values of charts against what each chart knows: Helm ignores an unknown key silently."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from llmplat.catalog.charts import ChartValues, load_chart
from llmplat.domain.errors import Finding, Severity
from llmplat.validate.faults import Check, Fault
from llmplat.validate.objects import Config, Objects
from llmplat.validate.positions import Positions
from llmplat.validate.schema import Compiler
from llmplat.validate.schemas import name_of, nearest, spell_path

_APPLICATION = "argoproj.io/Application"


def check_values(objects: Objects, positions: Positions) -> Iterator[Finding]:
    """A finding for each key or value that the chart of an Application does not know."""
    for config in objects.configs:
        if config.owner.kind != _APPLICATION or not config.file:
            continue
        chart = load_chart(config.file)
        if chart is None:
            yield _not_checked(config, positions)
            continue
        for fault in _check_of(config.file)(config.value) or ():
            if not _is_mentioned(fault, chart):
                yield _finding(fault, config, chart, positions)


@cache
def _check_of(name: str) -> Check:
    chart = load_chart(name)
    schema: dict[str, Any] = chart.schema if chart is not None else {}
    return Compiler({}).compile(schema)


def _is_mentioned(fault: Fault, chart: ChartValues) -> bool:
    """Whether the key is one that the chart's values.yaml shows in a comment."""
    return fault.is_unknown_key and str(fault.path[-1]) in chart.mentioned


def _finding(fault: Fault, config: Config, chart: ChartValues, positions: Positions) -> Finding:
    name = name_of(config.owner.value)
    where = positions.where(config.owner.document, config.at(*fault.path))
    if not fault.is_unknown_key:
        what = f"{name}: values: {spell_path(fault.path)}: {fault.what}."
        why = f"The chart says so ({chart.source})."
        return Finding("values-schema", what, why, ("correct the value",), where)
    meant = nearest(str(fault.path[-1]), fault.known)
    return Finding(
        "values-unknown-key",
        f"{name}: the chart {config.file} knows no value {spell_path(fault.path)}.",
        why=f"Helm would ignore it silently ({chart.source}).",
        fix=(f"write {meant}" if meant else f"one of: {', '.join(fault.known[:20])}",),
        where=where,
    )


def _not_checked(config: Config, positions: Positions) -> Finding:
    return Finding(
        "values-not-checked",
        f"{name_of(config.owner.value)}: the values of the chart {config.file} were not checked.",
        why="llmplat ships no list of its keys.",
        fix=(f"helm lint, or helm template, with the chart {config.file}",),
        where=positions.where(config.owner.document, config.path),
        severity=Severity.NOTE,
    )
