"""One recorded node pool -> its machines and boot disks as price lines, spot and on-demand side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.catalog.gke import GkePrices, UnitPrice
from llmplat.plan.gke.amounts import Amounts
from llmplat.plan.gke.price_lines import HOURS_PER_MONTH, PriceLine, Unpriced, line_of, unpriced
from llmplat.plan.gke.resources import Resource


@dataclass(frozen=True)
class PoolCost:
    """One pool's numbers and money."""

    name: str
    machine: str
    capacity: str
    """on-demand, spot, flex-start or queued."""
    machines: Amounts
    on_demand_nanousd_per_hour: int | None
    spot_nanousd_per_hour: int | None
    on_demand_monthly_nanousd: Amounts | None
    """All its machines on demand, without disks; None where no price is known."""
    spot_monthly_nanousd: Amounts | None
    items: tuple[PriceLine | Unpriced, ...]
    """What is counted: machines as they are asked for, and boot disks."""


def pool_cost(one: Resource, machines: Amounts, region: str, prices: GkePrices) -> PoolCost:
    """The cost of the pool `one` with so many `machines`."""
    config: Mapping[str, Any] = one.inputs["nodeConfig"]
    name, machine = one.inputs["name"], config["machineType"]
    unit = prices.unit(machine, region)
    on_demand, spot = (unit.nanousd, unit.spot_nanousd) if unit is not None else (None, None)
    capacity = _capacity(one.inputs)
    return PoolCost(
        name=name,
        machine=machine,
        capacity=capacity,
        machines=machines,
        on_demand_nanousd_per_hour=on_demand,
        spot_nanousd_per_hour=spot,
        on_demand_monthly_nanousd=_monthly(on_demand, machines),
        spot_monthly_nanousd=_monthly(spot, machines),
        items=(
            _machines(f"pool {name}", capacity, machine, machines, unit),
            *_gpus(name, config),
            *_disks(name, config, machines, region, prices),
        ),
    )


def _monthly(nanousd: int | None, machines: Amounts) -> Amounts | None:
    return None if nanousd is None else machines.times(nanousd * HOURS_PER_MONTH)


def _capacity(inputs: Mapping[str, Any]) -> str:
    config = inputs["nodeConfig"]
    if config.get("spot"):
        return "spot"
    if config.get("flexStart"):
        return "flex-start"
    return "queued" if inputs.get("queuedProvisioning") else "on-demand"


def _machines(
    item: str, capacity: str, machine: str, machines: Amounts, unit: UnitPrice | None
) -> PriceLine | Unpriced:
    if capacity in {"flex-start", "queued"}:
        return unpriced(item, f"{machine} {capacity}", f"no source gives prices for {capacity}")
    is_spot = capacity == "spot"
    if unit is None or (unit.spot_nanousd if is_spot else unit.nanousd) is None:
        return unpriced(item, machine, f"no {capacity} price of it in this region is known")
    note = "changes up to once a month; take it as a size, not a figure" if is_spot else ""
    return line_of(item, unit, machines, is_spot=is_spot, note=note)


def _gpus(name: str, config: Mapping[str, Any]) -> tuple[Unpriced, ...]:
    """GPUs attached to N1 come on top of the machine; no licensed source gives their price."""
    attached = config["machineType"].startswith("n1-") and config.get("guestAccelerators", ())
    return tuple(
        unpriced(f"GPUs of pool {name}", f"gpu:{gpu['type']}", "they come on top of the machine")
        for gpu in attached or ()
    )


def _disks(
    name: str, config: Mapping[str, Any], machines: Amounts, region: str, prices: GkePrices
) -> tuple[PriceLine | Unpriced, ...]:
    sku = f"{config['diskType']}-gib-month"
    unit = prices.unit(sku, region)
    item = f"boot disks of {name}, {config['diskSizeGb']} GiB each"
    if unit is None or unit.nanousd is None:
        return (unpriced(item, sku),)
    found: tuple[PriceLine | Unpriced, ...] = (
        line_of(item, unit, machines.times(int(config["diskSizeGb"]))),
    )
    keys = ("ephemeralStorageLocalSsdConfig", "localNvmeSsdBlockConfig")
    extra = sum(int(config.get(key, {}).get("localSsdCount", 0)) for key in keys)
    ssd = prices.unit("local-ssd-gib-month", region) if extra else None
    if ssd is not None and ssd.nanousd is not None:
        gib = machines.times(extra * 375)
        found += (line_of(f"local SSDs of {name}", ssd, gib, note="375 GiB each"),)
    return found
