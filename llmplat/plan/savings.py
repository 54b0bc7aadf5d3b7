"""GPUs that rest -> what they do not cost a month, from the catalogue's prices; unknown is said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmplat.catalog.entries import Catalog
from llmplat.plan.gpu_cost import usd_per_gpu_hour
from llmplat.spec.platform import Platform

HOURS_PER_MONTH = 730
"""A year's hours divided by twelve, as clouds count a month."""
_OWN = "saved only where the nodes go too: they are yours; priced as "
_POOL = "saved once the pool's machines are gone, minutes later; "


@dataclass(frozen=True)
class Saving:
    """What one part of the platform does not cost while it is paused."""

    what: str
    usd_per_month: float | None
    """None where no price is known."""
    how: str
    """How the figure is known, and what must happen for it to be saved."""


def savings_of(
    platform: Platform, resting: Mapping[str, int], catalog: Catalog
) -> tuple[Saving, ...]:
    """What resting GPUs save a month; `resting` are GPUs by model."""
    kinds = {model.name: model.gpu or "" for model in platform.models}
    counts: dict[str, int] = {}
    for model, count in resting.items():
        if count:
            gpu = kinds.get(model, "")
            counts[gpu] = counts.get(gpu, 0) + count
    return tuple(_saving(platform, gpu, count, catalog) for gpu, count in sorted(counts.items()))


def _saving(platform: Platform, gpu: str, count: int, catalog: Catalog) -> Saving:
    what = f"{count} GPUs {gpu}" if count > 1 else f"1 GPU {gpu}"
    found = _pool_price(platform, gpu) or _own_price(platform, gpu, catalog)
    if found is None:
        return Saving(what, None, f"unknown: the catalogue has no price of {gpu or 'this GPU'}")
    usd_per_hour, how = found
    return Saving(what, round(usd_per_hour * count * HOURS_PER_MONTH, 2), how)


def _own_price(platform: Platform, gpu: str, catalog: Catalog) -> tuple[float, str] | None:
    entry = catalog.gpus.get(gpu)
    if platform.substrate.gke is not None or entry is None:
        return None
    found = usd_per_gpu_hour(entry, None)
    return None if found is None else (found[0], _OWN + found[1])


def _pool_price(platform: Platform, gpu: str) -> tuple[float, str] | None:
    """USD an hour of one GPU in the first pool that has it and a price."""
    gke = platform.substrate.gke
    for pool in gke.pools if gke is not None else ():
        if pool.gpu == gpu and pool.count and gke is not None:
            kind = "spot" if pool.spot else "on demand"
            for usd, as_of in _prices(pool.machine, gke.region, is_spot=pool.spot):
                told = f"pool {pool.name}, {pool.machine} {kind} in {gke.region}, as of {as_of}"
                return usd / pool.count, _POOL + told
    return None


def _prices(machine: str, region: str, *, is_spot: bool) -> Iterator[tuple[float, str]]:
    from llmplat.catalog.offers import load_offers  # noqa: PLC0415 (only a pause pays for it)

    for price in load_offers().prices:
        usd = price.spot_usd_per_hour if is_spot else price.usd_per_hour
        if (price.machine_type, price.region) == (machine, region) and usd is not None:
            yield usd, str(price.as_of)
