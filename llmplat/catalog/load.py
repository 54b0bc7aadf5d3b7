"""Turns the shipped folders (profiles, templates, infra, data) into one Catalog."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmplat.catalog import make
from llmplat.catalog.component_entries import Component
from llmplat.catalog.components import load_components
from llmplat.catalog.entries import Catalog, Demo, Gpu, Layer, Runtime, Throughput
from llmplat.catalog.read import Record, read_each, read_mapping
from llmplat.catalog.versions import load_versions
from llmplat.domain.errors import CatalogError

DATA = Path(__file__).parent / "data"
"""Facts with source and date; part of the package."""


@dataclass(frozen=True)
class GpuShelf:
    """The catalogue's GPUs alone: all that a fit needs of it, read in a tenth of the time."""

    gpus: Mapping[str, Gpu]


def load_gpus(data: Path = DATA) -> GpuShelf:
    """Every GPU by its name; CatalogError when a file is wrong."""
    return GpuShelf(read_each((data / "gpus").glob("*.yaml"), make.make_gpu))


def load_catalog(home: Path, *, data: Path = DATA) -> Catalog:
    """Everything that exists; `home` holds profiles/, templates/ and infra/.

    Raises CatalogError (a bug in what llmplat ships) when a file is wrong, a name is used twice
    or one entry names another that does not exist.
    """
    layers = read_each((home / "profiles" / "layers").glob("*.yaml"), make.make_layer)
    versions = load_versions(data)
    defaults = Record(read_mapping(data / "prices" / "defaults.yaml"), "prices/defaults.yaml")
    catalog = Catalog(
        profiles=read_each((home / "profiles").glob("*.yaml"), make.make_profile),
        layers=tuple(sorted(layers.values(), key=lambda layer: layer.order)),
        components=load_components(home / "templates" / "components", versions.components),
        substrates=read_each((home / "infra").glob("*/substrate.yaml"), make.make_substrate),
        abilities={k: str(v) for k, v in read_mapping(data / "abilities.yaml").items()},
        gpus=read_each((data / "gpus").glob("*.yaml"), make.make_gpu),
        machines=read_each((data / "machines").glob("*.yaml"), make.make_machine),
        throughput=_throughput(data),
        prices=make.make_price_defaults(defaults),
        runtimes=_runtimes(data),
        demos=_demos(data),
        images=versions.images,
        incompatible=versions.incompatible,
    )
    check_catalog(catalog)
    return catalog


def check_catalog(catalog: Catalog) -> None:
    """Refuse names that lead nowhere; raises CatalogError with all of them."""
    wrong = [
        *_unknown("profile", {p.name: (p.up_to,) for p in catalog.profiles.values()}, _names(catalog.layers)),
        *_unknown("component", {c.name: (c.layer,) for c in catalog.components.values()}, _names(catalog.layers)),
        *_unknown("component", {c.name: c.requires for c in catalog.components.values()}, catalog.components),
        *_unknown("component", {c.name: c.after for c in catalog.components.values()}, catalog.components),
        *_unknown("component", {c.name: c.needs for c in catalog.components.values()}, catalog.abilities),
        *_unknown("layer", {layer.name: layer.needs for layer in catalog.layers}, catalog.abilities),
        *_unknown("substrate", {s.name: s.abilities for s in catalog.substrates.values()}, catalog.abilities),
    ]  # fmt: skip
    wrong += _upward(catalog)
    if wrong:
        raise CatalogError(
            "The shipped catalogue contradicts itself.",
            why="; ".join(wrong),
            fix=("report this as a bug; it is data that llmplat ships",),
        )


def _names(layers: tuple[Layer, ...]) -> Mapping[str, Layer]:
    return {layer.name: layer for layer in layers}


def _unknown(
    kind: str, mentions: Mapping[str, tuple[str, ...]], known: Mapping[str, object]
) -> list[str]:
    return [
        f"{kind} {name} names {mentioned}, which does not exist"
        for name, all_mentioned in mentions.items()
        for mentioned in all_mentioned
        if mentioned not in known
    ]


def _upward(catalog: Catalog) -> list[str]:
    order = {layer.name: layer.order for layer in catalog.layers}
    return [
        f"component {low.name} requires {high.name} of a higher layer"
        for low in catalog.components.values()
        for high in _known(catalog.components, (*low.requires, *low.after))
        if order.get(high.layer, 0) > order.get(low.layer, 0)
    ]


def _known(components: Mapping[str, Component], names: tuple[str, ...]) -> list[Component]:
    return [components[name] for name in names if name in components]


def _throughput(data: Path) -> tuple[Throughput, ...]:
    files = sorted((data / "throughput").glob("*.yaml"))
    rows = [row for f in files for row in Record(read_mapping(f), str(f)).records("rows")]
    return tuple(make.make_throughput(row) for row in rows)


def _runtimes(data: Path) -> Mapping[str, Runtime]:
    files = sorted((data / "runtimes").glob("*.yaml"))
    facts = [read_mapping(path) for path in files]
    return {
        str(f["name"]): Runtime(str(f["name"]), str(f["title"]), str(f["version"]), f)
        for f in facts
    }


def _demos(data: Path) -> Mapping[str, Demo]:
    files = sorted((data / "demos").glob("*.yaml"))
    facts = [read_mapping(path) for path in files]
    return {str(f["name"]): Demo(str(f["name"]), str(f["title"]), f) for f in facts}
