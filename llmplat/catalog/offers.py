"""Reads machine types with GPUs, their prices and regions; only a search over machines pays for it."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llmplat.catalog.load import DATA
from llmplat.catalog.read import read_mapping
from llmplat.catalog.sourced import Sourced
from llmplat.domain.errors import CatalogError
from llmplat.domain.units import GIB


@dataclass(frozen=True)
class MachineType(Sourced):
    """One machine type of a cloud."""

    name: str
    cloud: str
    vcpus: int
    memory_bytes: int
    gpu: str
    """The cloud's own label of its GPU."""
    gpu_count: int
    local_ssd_bytes: int | None
    is_on_demand: bool | None
    """Offered without a reservation; None when no source says."""


@dataclass(frozen=True)
class Price(Sourced):
    """One machine type's price per hour in one region; None where no source gives one."""

    machine_type: str
    region: str
    usd_per_hour: float | None
    spot_usd_per_hour: float | None


@dataclass(frozen=True)
class GpuRegion(Sourced):
    """A region where a GPU is listed; listed is not the same as obtainable."""

    gpu: str
    region: str


@dataclass(frozen=True)
class Offers:
    """What clouds offer."""

    machine_types: tuple[MachineType, ...]
    prices: tuple[Price, ...]
    regions: tuple[GpuRegion, ...]


@cache
def load_offers(data: Path = DATA) -> Offers:
    """Every machine type with a GPU, every price and region; CatalogError when a row is wrong."""
    sources = {str(k): str(v) for k, v in read_mapping(data / "zones" / "sources.yaml").items()}
    return Offers(
        machine_types=tuple(_machine(row, sources) for row in _rows(data / "machines" / "gcp.csv")),
        prices=tuple(_price(row, sources) for row in _rows(data / "prices" / "gcp.csv")),
        regions=tuple(
            GpuRegion(_source(row, sources), row["as_of"], row["gpu"], row["region"])
            for row in _rows(data / "zones" / "gcp.csv")
        ),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as exc:
        raise CatalogError(
            f"The catalogue file {path} cannot be read.", why=str(exc), fix=("reinstall llmplat",)
        ) from exc


def _machine(row: dict[str, str], sources: dict[str, str]) -> MachineType:
    ssd = row["local_ssd_gib"]
    return MachineType(
        source=_source(row, sources),
        as_of=row["as_of"],
        name=row["machine_type"],
        cloud="gcp",
        vcpus=int(row["vcpus"]),
        memory_bytes=round(float(row["memory_gib"]) * GIB),
        gpu=row["gpu"],
        gpu_count=int(row["gpu_count"]),
        local_ssd_bytes=round(float(ssd) * GIB) if ssd else None,
        is_on_demand={"true": True, "false": False}.get(row["on_demand"]),
    )


def _price(row: dict[str, str], sources: dict[str, str]) -> Price:
    return Price(
        source=_source(row, sources),
        as_of=row["as_of"],
        machine_type=row["machine_type"],
        region=row["region"],
        usd_per_hour=_number(row["on_demand_usd_per_hour"]),
        spot_usd_per_hour=_number(row["spot_usd_per_hour"]),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def _source(row: dict[str, str], sources: dict[str, str]) -> str:
    name = row["source"]
    if name not in sources:
        raise CatalogError(
            "The shipped catalogue contradicts itself.",
            why=f"a row names the source {name!r}, which zones/sources.yaml does not have",
            fix=("report this as a bug; it is data that llmplat ships",),
        )
    return sources[name]
