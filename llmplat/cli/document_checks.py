"""Turns the checks of manifests, and the data they rest on, into a reference page."""

import re
from collections.abc import Iterator
from functools import cache

from llmplat.catalog.charts import DATA as CHARTS
from llmplat.catalog.charts import load_chart
from llmplat.catalog.schemas import DATA as SCHEMAS
from llmplat.catalog.schemas import kubernetes_versions, load_group, load_kubernetes
from llmplat.validate.checks.chart_traps import traps
from llmplat.validate.lint import all_lints

_FINDINGS = (
    ("manifest-schema", "a field nobody declared, one that is missing, a wrong type, choice or bound"),
    ("manifest-name", "a name, label or namespace that the API server refuses"),
    ("manifest-unknown-kind", "a kind or version the API does not serve (a warning for a group nobody knows)"),
    ("manifest-unreadable", "no YAML, a key twice, aliases that grow; nothing behind that place was checked"),
    ("manifest-not-an-object", "a document without apiVersion and kind (a warning)"),
    ("values-unknown-key", "a value that the chart does not know: Helm would ignore it silently"),
    ("values-schema", "a value of another type, or outside the bounds, than the chart's schema allows"),
    ("values-not-checked", "a chart whose keys are not shipped (a note)"),
)  # fmt: skip


def checks_page() -> Iterator[str]:
    """The page, line by line."""
    yield from ["# Checks of manifests", ""]
    yield "`llmplat validate DIR` checks any folder of manifests, `llmplat validate` what the platform"
    yield "file renders to. It needs neither cluster nor network. CEL rules of CRDs and the webhooks of"
    yield "controllers are left to the API server."
    yield from ["", "## Schemas and values", "", "| Finding | Told for |", "|---|---|"]
    yield from (f"| `{code}` | {text} |" for code, text in _FINDINGS)
    yield from ["", "## Checks", ""]
    yield "Findings of a check carry its name behind `check-`."
    for lint in all_lints():
        yield from ["", f"### {lint.name}", "", lint.title, "", lint.why]
    yield from _traps()
    yield from _source_lines()


def _traps() -> Iterator[str]:
    yield from [
        "",
        "## Traps of charts",
        "",
        "| Chart | Key | Must be | Why |",
        "|---|---|---|---|",
    ]
    for chart, rows in traps().items():
        for row in rows:
            must = f"`{str(row['must_be']).lower()}`" if "must_be" in row else "set"
            if isinstance(row.get("must_be"), str):
                must = f"`{row['must_be']}`"
            key = ".".join(row["key"])
            yield f"| {chart} | `{key}` | {must} | [{row['why']}]({row['source']}) |"


@cache
def _source_lines() -> tuple[str, ...]:
    """All of the shipped data is opened for this, so once."""
    return tuple(_read_sources())


def _read_sources() -> Iterator[str]:
    yield from ["", "## Where the schemas are from", ""]
    yield "Reduced to what validation reads: no descriptions, no defaults, no CEL."
    yield from ["", "| What | Source |", "|---|---|"]
    for version in kubernetes_versions():
        yield f"| Kubernetes {version} | {_joined(load_kubernetes(version).sources)} |"
    for path in sorted(SCHEMAS.glob("*.json.gz")):
        group = load_group(path.name.removesuffix(".json.gz"))
        if group is not None and not re.match(r"kubernetes-\d", path.name):
            yield f"| `{path.name.removesuffix('.json.gz')}` | {_joined(group.sources)} |"
    for path in sorted(CHARTS.glob("*.json.gz")):
        chart = load_chart(path.name.removesuffix(".json.gz"))
        if chart is not None:
            yield f"| values of `{path.name.removesuffix('.json.gz')}` | {chart.source} |"


def _joined(sources: tuple[str, ...]) -> str:
    return "; ".join(sources)
