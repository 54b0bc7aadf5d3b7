"""Recorded resources -> what they cost a month: line by line, with source and date, nothing left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmplat.catalog.gke import GkePrices, ResourceCost, UnitPrice
from llmplat.domain.provision import POOL_KIND
from llmplat.domain.units import parse_whole
from llmplat.plan.gke.amounts import Amounts
from llmplat.plan.gke.pool_price import PoolCost, pool_cost
from llmplat.plan.gke.price_lines import PriceLine, Unpriced, Usage, line_of, unpriced
from llmplat.plan.gke.resources import Resource


@dataclass(frozen=True)
class GkePrice:
    """What the platform costs a month of 730 hours, in nano-dollars; tax and discounts left out."""

    lines: tuple[PriceLine, ...]
    pools: tuple[PoolCost, ...]
    total: Amounts
    usage: tuple[Usage, ...]
    """Costs that depend on traffic: the price of a unit, no total."""
    unknown: tuple[Unpriced, ...]
    """What no price is known of; it costs on top."""
    free: tuple[str, ...]
    """Resource types that cost nothing."""


@dataclass(frozen=True)
class InCluster:
    """What controllers in the cluster will ask the cloud for, beside the program's resources."""

    load_balancers: int
    disks_gib: Mapping[str, int]
    """Disk type -> GiB of all volumes."""


def make_price(
    resources: Sequence[Resource],
    machines: Mapping[str, Amounts],
    within: InCluster,
    region: str,
    prices: GkePrices,
) -> GkePrice:
    """The price of `resources` in `region`; `machines` holds each pool's numbers by its name."""
    pools = tuple(
        pool_cost(one, machines[one.inputs["name"]], region, prices)
        for one in resources
        if one.type == POOL_KIND
    )
    found: list[PriceLine | Usage | Unpriced] = [item for pool in pools for item in pool.items]
    found += [item for one in resources for item in _of_resource(one, region, prices)]
    found += list(_of_cluster(within, region, prices))
    lines = tuple(item for item in found if isinstance(item, PriceLine))
    return GkePrice(
        lines=lines,
        pools=pools,
        total=sum((line.monthly_nanousd for line in lines), start=Amounts(0, 0, 0, 0)),
        usage=tuple(_once(item for item in found if isinstance(item, Usage))),
        unknown=tuple(item for item in found if isinstance(item, Unpriced)),
        free=tuple(sorted({one.type for one in resources if _is_free(one, prices)})),
    )


def _is_free(one: Resource, prices: GkePrices) -> bool:
    costs = prices.costs.get(one.type, ())
    return (
        one.type != POOL_KIND and bool(costs) and not any(cost.is_due(one.inputs) for cost in costs)
    )


def _of_resource(
    one: Resource, region: str, prices: GkePrices
) -> Iterator[PriceLine | Usage | Unpriced]:
    costs = prices.costs.get(one.type)
    if costs is None:
        kind = _kind(one.type)
        yield Unpriced(f"{kind} {one.name}", None, "no price is known for its kind", kind)
        return
    for cost in costs:
        if cost.is_due(one.inputs):
            yield _cost(one, cost, prices.unit(_sku(one, cost), region), _sku(one, cost))


def _sku(one: Resource, cost: ResourceCost) -> str:
    return (cost.sku or "").format_map({"type": "", **one.inputs})


def _cost(
    one: Resource, cost: ResourceCost, unit: UnitPrice | None, sku: str
) -> PriceLine | Usage | Unpriced:
    item = f"{_kind(one.type)} {one.inputs.get('name', one.name)}"
    if unit is None or unit.nanousd is None:
        return unpriced(item, sku)
    if cost.is_usage:
        return Usage(cost.why, sku, unit.unit, unit.nanousd, unit.source, unit.as_of)
    count = parse_whole(cost.quantity)
    if count is None:
        count = int(one.inputs.get(cost.quantity, 0))
    return line_of(item, unit, Amounts.steady(count), note=cost.why)


def _of_cluster(
    within: InCluster, region: str, prices: GkePrices
) -> Iterator[PriceLine | Usage | Unpriced]:
    wanted = {"lb-forwarding-rule-hour": ("internal load balancer", within.load_balancers)}
    for kind, gib in within.disks_gib.items():
        wanted[f"{kind}-gib-month"] = (f"volumes, {kind}", gib)
    for sku, (item, count) in wanted.items():
        unit = prices.unit(sku, region)
        if not count:
            continue
        priced = unit is not None and unit.nanousd is not None
        yield line_of(item, unit, Amounts.steady(count)) if unit and priced else unpriced(item, sku)
    for sku, what in _TRAFFIC.items():
        unit = prices.unit(sku, region)
        if unit is not None and unit.nanousd is not None:
            yield Usage(what, sku, unit.unit, unit.nanousd, unit.source, unit.as_of)
    for what in _NOBODY_KNOWS:
        yield Unpriced(what, None, "depends on use, and the catalogue has no price of it")


_TRAFFIC = {
    "egress-internet-gib-first-1tib": "answers and downloads to the internet",
    "lb-data-processed-gib": "what passes a load balancer",
}
_NOBODY_KNOWS = (
    "Cloud Logging, above the free allotment",
    "Managed Service for Prometheus, samples",
    "traffic between zones",
    "volumes that charts claim by themselves",
)


def _kind(type_: str) -> str:
    return type_.rpartition(":")[2]


def _once(items: Iterator[Usage]) -> Iterator[Usage]:
    return iter({item.sku: item for item in items}.values())
