"""Turns the catalogue into lists for people: one line an entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llmplat.catalog.component_entries import Component
from llmplat.catalog.entries import Catalog
from llmplat.domain.units import format_size


@dataclass(frozen=True)
class Listed:
    """One entry of a list."""

    name: str
    title: str
    detail: str
    """Figures, a version or where it belongs."""
    source: str | None = None
    as_of: str | None = None


@dataclass(frozen=True)
class Listing:
    """All entries of one kind, in their natural order."""

    of: str
    items: tuple[Listed, ...]


def make_listing(kind: str, catalog: Catalog) -> Listing:
    """The entries of `kind`, one of KINDS."""
    return Listing(kind, KINDS[kind](catalog))


def _profiles(catalog: Catalog) -> tuple[Listed, ...]:
    order = {layer.name: layer.order for layer in catalog.layers}
    ranked = sorted(catalog.profiles.values(), key=lambda profile: order[profile.up_to])
    return tuple(Listed(p.name, p.purpose, f"up to the layer {p.up_to}") for p in ranked)


def _layers(catalog: Catalog) -> tuple[Listed, ...]:
    return tuple(
        Listed(layer.name, layer.purpose, ", ".join(_components_of(layer.name, catalog)))
        for layer in catalog.layers
    )


def _components_of(layer: str, catalog: Catalog) -> list[str]:
    return [c.name for c in catalog.components.values() if c.layer == layer]


def _components(catalog: Catalog) -> tuple[Listed, ...]:
    order = {layer.name: layer.order for layer in catalog.layers}
    ranked = sorted(catalog.components.values(), key=lambda c: (order[c.layer], c.name))
    return tuple(_component(component) for component in ranked)


def _component(component: Component) -> Listed:
    optional = ", optional" if component.optional else ""
    version = component.version
    if version is None:
        return Listed(component.name, component.purpose, f"{component.layer}{optional}")
    detail = f"{component.layer}{optional}, {version.chart or 'release'} {version.pinned}"
    return Listed(component.name, component.purpose, detail, version.source, version.as_of)


def _gpus(catalog: Catalog) -> tuple[Listed, ...]:
    return tuple(
        Listed(
            gpu.name,
            gpu.title,
            f"{format_size(gpu.memory_bytes)} usable{_bandwidth(gpu.memory_bandwidth_bytes_per_s)}",
            gpu.source,
            gpu.as_of,
        )
        for gpu in catalog.gpus.values()
    )


def _bandwidth(bytes_per_s: int | None) -> str:
    return f", {bytes_per_s / 1e9:g} GB/s" if bytes_per_s else ""


def _runtimes(catalog: Catalog) -> tuple[Listed, ...]:
    return tuple(
        Listed(r.name, r.title, r.version, str(r.facts.get("source")), str(r.facts.get("as_of")))
        for r in catalog.runtimes.values()
    )


def _models(catalog: Catalog) -> tuple[Listed, ...]:
    return tuple(
        Listed(
            f"demo://{demo.name}",
            demo.title,
            f"{format_size(int(demo.facts['weights_bytes']))} of weights",
            str(demo.facts.get("source")),
            str(demo.facts.get("as_of")),
        )
        for demo in catalog.demos.values()
    )


KINDS: Mapping[str, Callable[[Catalog], tuple[Listed, ...]]] = {
    "profiles": _profiles,
    "layers": _layers,
    "components": _components,
    "gpus": _gpus,
    "runtimes": _runtimes,
    "models": _models,
}
"""What can be listed."""
