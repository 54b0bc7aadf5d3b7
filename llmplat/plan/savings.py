"""GPUs that rest -> what they do not cost a month, from the catalogue's prices; unknown is said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmplat.catalog.entries import Catalog
from llmplat.plan.gke.price_lines import HOURS_PER_MONTH
from llmplat.plan.gpu_cost import usd_per_gpu_hour
from llmplat.spec.node_pool import Pool
from llmplat.spec.platform import Platform

_OWN = "saved only where the nodes go too: they are yours; priced as "
_POOL = "saved while its machines are gone; "


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
    """What resting GPUs save a month; `resting` are GPUs by model.

    On pools of the platform's own whole machines go: those that the GPUs are in, and where a pool
    always has some, at least those.
    """
    kinds = {model.name: model.gpu or "" for model in platform.models}
    counts: dict[str, int] = {}
    for model, count in resting.items():
        if count:
            gpu = kinds.get(model, "")
            counts[gpu] = counts.get(gpu, 0) + count
    pools = _first_pools(platform, counts)
    elsewhere = {gpu: n for gpu, n in counts.items() if gpu not in {p.gpu for p, _ in pools}}
    return (
        *(_of_pool(platform, pool, gpus) for pool, gpus in pools),
        *(_saving(gpu, count, catalog) for gpu, count in sorted(elsewhere.items())),
    )


def _first_pools(platform: Platform, counts: Mapping[str, int]) -> list[tuple[Pool, int]]:
    """Pools with GPUs that rest or that always have machines; the first of its kind has the GPUs."""
    gke, left, found = platform.substrate.gke, dict(counts), []
    for pool in gke.pools if gke is not None else ():
        gpus = left.pop(pool.gpu, 0) if pool.gpu else 0
        if gke is not None and pool.gpu and (gpus or gke.least(pool)):
            found.append((pool, gpus))
    return found


def _of_pool(platform: Platform, pool: Pool, gpus: int) -> Saving:
    gke = platform.substrate.gke
    assert gke is not None  # noqa: S101 (its pools are)
    machines = max(-(-gpus // (pool.count or 1)), gke.least(pool))
    what = f"{machines} x {pool.machine} of the pool {pool.name}"
    kind = "spot" if pool.spot else "on demand"
    for usd, as_of in _prices(pool.machine, gke.region, is_spot=pool.spot):
        how = f"{_POOL}{kind} in {gke.region}, as of {as_of}; without boot disks"
        return Saving(what, round(usd * machines * HOURS_PER_MONTH, 2), how)
    return Saving(what, None, f"unknown: the catalogue has no {kind} price in {gke.region}")


def _saving(gpu: str, count: int, catalog: Catalog) -> Saving:
    """On machines that are somebody else's."""
    what = f"{count} GPUs {gpu}" if count > 1 else f"1 GPU {gpu}"
    entry = catalog.gpus.get(gpu)
    found = usd_per_gpu_hour(entry, None) if entry is not None else None
    if found is None:
        return Saving(what, None, f"unknown: the catalogue has no price of {gpu or 'this GPU'}")
    usd_per_hour, how = found
    return Saving(what, round(usd_per_hour * count * HOURS_PER_MONTH, 2), _OWN + how)


def _prices(machine: str, region: str, *, is_spot: bool) -> Iterator[tuple[float, str]]:
    from llmplat.catalog.offers import load_offers  # noqa: PLC0415 (only a pause pays for it)

    for price in load_offers().prices:
        usd = price.spot_usd_per_hour if is_spot else price.usd_per_hour
        if (price.machine_type, price.region) == (machine, region) and usd is not None:
            yield usd, str(price.as_of)
