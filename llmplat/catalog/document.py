"""The reference page of components, made from the catalogue."""

from collections.abc import Iterator

from llmplat.catalog.entries import Catalog, Component


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
