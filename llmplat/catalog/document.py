"""The reference page of components and the runbooks of alerts, made from the catalogue."""

from collections.abc import Iterator
from itertools import groupby

from llmplat.catalog.component_entries import Component
from llmplat.catalog.entries import Catalog
from llmplat.catalog.observability import Alert, load_alerts


def component_lines(catalog: Catalog) -> Iterator[str]:
    """Markdown: a table for each layer, then images and pairs that disagree."""
    yield from ["# Components", ""]
    yield "What a platform on a cluster is made of, layer by layer. *Optional* ones run only where the"
    yield "file turns them on (`components.<name>.enabled: true`). *Proven* is the version of the real"
    yield "controller that the tests run, where that is another than the pinned one. A version without a"
    yield "chart is that of resource types or of an image."
    for layer in catalog.layers:
        mine = [c for c in catalog.components.values() if c.layer == layer.name]
        yield from ["", f"## {layer.name}", "", layer.purpose, ""]
        yield "| Component | What it is for | Version | Proven | Kubernetes | Namespace | Checked |"
        yield "|---|---|---|---|---|---|---|"
        yield from (_row(component) for component in mine)
    yield from _images(catalog)
    yield from _pairs(catalog)


def _row(component: Component) -> str:
    pin = component.version
    optional = " (optional)" if component.optional else ""
    version = "with llmplat" if pin is None else f"[{pin.pinned}]({pin.source})"
    if component.runtimes:
        version = "of its runtime"
    ranges = f"{pin.kubernetes[0]} to {pin.kubernetes[1]}" if pin and pin.kubernetes else "-"
    cells = (
        f"{component.name}{optional}",
        component.purpose,
        version,
        (pin and pin.proven) or "-",
        ranges,
        component.namespace or "-",
        pin.as_of if pin else "-",
    )
    return f"| {' | '.join(cells)} |"


def _images(catalog: Catalog) -> Iterator[str]:
    yield from [
        "",
        "## Images of our own objects",
        "",
        "| Image | Reference | Checked |",
        "|---|---|---|",
    ]
    for image in catalog.images.values():
        yield f"| {image.name} | [`{image.reference}`]({image.source}) | {image.as_of} |"


def _pairs(catalog: Catalog) -> Iterator[str]:
    yield from ["", "## Versions that disagree", ""]
    yield "Refused while planning."
    yield from ["", "| One | Other | Why |", "|---|---|---|"]
    for pair in catalog.incompatible:
        first, second = (
            f"{name} {bounds}".strip().replace("<", "&lt;").replace(">", "&gt;")
            for name, bounds in (
                (pair.first, pair.first_versions),
                (pair.second, pair.second_versions),
            )
        )
        yield f"| {first} | {second} | [{pair.why}]({pair.source}) |"


def runbook_pages() -> dict[str, Iterator[str]]:
    """File under docs/runbooks -> its lines: one page for each alert, and their index."""
    alerts = load_alerts().values()
    pages = {f"{alert.page}.md": _runbook(alert) for alert in alerts}
    return {"index.md": _runbook_index(), **pages}


def _runbook_index() -> Iterator[str]:
    yield from ["# Runbooks", ""]
    yield "One page for each alert that the component observability brings: what it means, where to look,"
    yield "what to do. *critical* wakes somebody, *warning* waits for the morning. A page is named in its"
    yield "alert as `runbook_url`. How targets become alerts is told in"
    yield "[what is watched](../explanation/observability.md)."
    for group, alerts in groupby(load_alerts().values(), key=lambda alert: alert.group):
        yield from ["", f"## {group}", "", "| Alert | Severity | When |", "|---|---|---|"]
        for alert in alerts:
            yield f"| [{alert.name}]({alert.page}.md) | {alert.severity} | {alert.summary} |"


def _runbook(alert: Alert) -> Iterator[str]:
    yield from [f"# {alert.name}", "", f"> {alert.summary}", ""]
    yield from [f"Severity: {alert.severity}. Fires after {alert.lasts} of:", ""]
    yield from ["```promql", *alert.expr.splitlines(), "```"]
    yield from ["", "## What it means", "", alert.means]
    yield from ["", "## Look", "", *(f"{at}. {text}" for at, text in enumerate(alert.look, 1))]
    yield from ["", "## Do", "", *(f"- {text}" for text in alert.do)]
