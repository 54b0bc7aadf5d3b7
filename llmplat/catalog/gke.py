"""Reads what is known of GKE: rules, unit prices, what each resource kind costs; only GKE pays for it."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from llmplat.catalog.load import DATA
from llmplat.catalog.read import read_mapping
from llmplat.catalog.sourced import Sourced
from llmplat.domain.errors import CatalogError
from llmplat.domain.units import usd_to_nano


@dataclass(frozen=True)
class GkeRule:
    """One thing that GKE refuses or punishes; it speaks when all of `when` holds."""

    name: str
    about: str
    """pool, cluster, resource, or a resource type of the program."""
    when: Mapping[str, Any]
    what: str
    why: str
    fix: str
    source: str
    at: tuple[str, ...] = ()
    """Keys of the file that decide it; one from the top starts with a slash."""
    severity: str = "error"


@dataclass(frozen=True)
class UnitPrice(Sourced):
    """What one unit of something costs in one region, in nano-dollars."""

    sku: str
    region: str
    unit: str
    """hour, gib, gib-month."""
    nanousd: int | None
    spot_nanousd: int | None


@dataclass(frozen=True)
class ResourceCost:
    """What one kind of resource costs: so much of an SKU, nothing, or nobody knows."""

    sku: str | None
    """With {key} for inputs of the resource; None where it is free or has a rule in code."""
    quantity: str
    """A number, or the input that holds it."""
    why: str
    """Of a free one; or what the price leaves out."""
    is_usage: bool = False
    """Depends on traffic or on what is stored, so there is no figure before."""
    unless: Mapping[str, str] = field(default_factory=dict)
    """Inputs with which a resource of the kind costs nothing."""

    def is_due(self, inputs: Mapping[str, Any]) -> bool:
        """Whether a resource with `inputs` has a price of this kind."""
        is_spared = self.unless and all(inputs.get(k) == v for k, v in self.unless.items())
        return self.sku is not None and not is_spared


@dataclass(frozen=True)
class GkePrices:
    """Unit prices by (SKU, region), and costs by resource type."""

    units: Mapping[tuple[str, str], UnitPrice]
    costs: Mapping[str, tuple[ResourceCost, ...]]

    def unit(self, sku: str, region: str) -> UnitPrice | None:
        """The price of `sku` in `region`, else the one for all regions; None where none is known."""
        for place in (region, "global", "unspecified"):
            found = self.units.get((sku, place))
            if found is not None:
                return found
        return None


@cache
def load_rules(data: Path = DATA) -> tuple[GkeRule, ...]:
    """Every rule in the order of the file; CatalogError when one is wrong."""
    sources = read_mapping(data / "gke-rule-sources.yaml")
    text = (data / "gke-rules.yaml").read_text("utf-8")
    return tuple(_rule(row, sources) for row in yaml.load(text, Loader=yaml.CSafeLoader))


def _rule(row: dict[str, Any], sources: Mapping[str, Any]) -> GkeRule:
    try:
        values = {**row, "source": str(sources[row["source"]]), "at": tuple(row.get("at", ()))}
        return GkeRule(**values)
    except (KeyError, TypeError) as exc:
        raise CatalogError(
            f"The rule {row.get('name')} of gke-rules.yaml is wrong.",
            why=str(exc),
            fix=("report this as a bug; it is data that llmplat ships",),
        ) from exc


@cache
def load_gke_prices(data: Path = DATA) -> GkePrices:
    """Every unit price and what kinds of resources cost; CatalogError when a row is wrong."""
    sources = {str(k): str(v) for k, v in read_mapping(data / "zones" / "sources.yaml").items()}
    folder = data / "prices"
    machines = (_machine(row, sources) for row in _rows(folder / "gcp.csv"))
    other = (_other(row, sources) for row in _rows(folder / "gcp-other.csv"))
    units = {(one.sku, one.region): one for one in (*machines, *other)}
    costs = read_mapping(folder / "gke-resources.yaml")
    return GkePrices(units, {kind: tuple(map(_cost, rows)) for kind, rows in costs.items()})


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _machine(row: dict[str, str], sources: dict[str, str]) -> UnitPrice:
    names = ("on_demand_usd_per_hour", "spot_usd_per_hour")
    usd, spot = (_nano(row[name]) for name in names)
    source = sources[row["source"]]
    return UnitPrice(source, row["as_of"], row["machine_type"], row["region"], "hour", usd, spot)


def _other(row: dict[str, str], sources: dict[str, str]) -> UnitPrice:
    usd, spot = _nano(row["usd"]), _nano(row["spot_usd"])
    source = sources[row["source"]]
    return UnitPrice(source, row["as_of"], row["sku"], row["region"], row["unit"], usd, spot)


def _nano(text: str) -> int | None:
    return usd_to_nano(float(text)) if text else None


def _cost(row: dict[str, Any]) -> ResourceCost:
    return ResourceCost(
        sku=row.get("sku"),
        quantity=str(row.get("quantity", 1)),
        why=str(row.get("why", "")),
        is_usage=bool(row.get("usage", False)),
        unless=dict(row.get("unless", {})),
    )
