"""A pool of the file, with what follows from it and from the catalogue, as rules ask for it."""

from typing import Any

from llmplat.catalog.entries import Catalog, Gpu
from llmplat.catalog.gke import load_gke_prices
from llmplat.catalog.offers import MachineType, Offers, load_offers
from llmplat.spec.gke import Gke
from llmplat.spec.node_pool import Pool

_MANAGED = ("cloud.google.com/", "nvidia.com/gpu", "sandbox.gke.io/", "kubernetes.io/")
_ATTACHED = "n1-"
"""The one family to which GPUs are attached; all others come with theirs."""


def pool_facts(gke: Gke, pool: Pool, catalog: Catalog) -> dict[str, Any]:
    """camelCase keys of the file and derived ones."""
    offers = load_offers()
    zones = gke.zones_of(pool)
    return {
        **pool.model_dump(by_alias=True, mode="python"),
        "region": gke.region,
        "zoneCount": len(zones),
        "strangeZone": strange_zone(pool.zones, gke.region),
        "managedKey": _managed_key(pool),
        "upgradeStrategy": pool.upgrade.strategy if pool.upgrade else "surge",
        "upgradeRoom": pool.upgrade.max_surge + pool.upgrade.max_unavailable if pool.upgrade else 1,
        "ssdEphemeral": pool.local_ssd.ephemeral if pool.local_ssd else 0,
        "ssdNvme": pool.local_ssd.nvme if pool.local_ssd else 0,
        "sharingMode": pool.sharing.mode if pool.sharing else None,
        "sharingClients": pool.sharing.clients if pool.sharing else 1,
        **_limits(gke, pool),
        **_machine(pool, catalog, offers),
        **_region(gke, pool),
    }


def strange_zone(zones: tuple[str, ...], region: str) -> str | None:
    """The first zone that is not one of `region`, None when all are."""
    return next((zone for zone in zones if zone.rpartition("-")[0] != region), None)


def known_gpu(name: str | None, catalog: Catalog) -> Gpu | None:
    """The GPU of the catalogue called `name`."""
    return next((g for g in catalog.gpus.values() if name in {g.name, *g.aliases}), None)


def _limits(gke: Gke, pool: Pool) -> dict[str, Any]:
    given = pool.model_fields_set
    has_total, has_zone = bool({"min", "max"} & given), pool.max_per_zone is not None
    least, most = gke.least(pool), gke.most(pool)
    start = (pool.initial or 0) * (len(gke.zones_of(pool)) or 3)
    return {
        "least": least,
        "most": most,
        "hasTotalLimits": has_total,
        "hasZoneLimits": has_zone,
        "hasLimits": has_total or has_zone,
        "isCrossed": least > most,
        "initialTotal": start,
        "isInitialOutside": pool.initial is not None and not least <= start <= most,
    }


def _managed_key(pool: Pool) -> str | None:
    keys = (*pool.labels, *(taint.key for taint in pool.taints))
    return next((key for key in keys if key.startswith(_MANAGED)), None)


def _machine(pool: Pool, catalog: Catalog, offers: Offers) -> dict[str, Any]:
    """What the machine brings beside what the pool asks for."""
    machine = next((m for m in offers.machine_types if m.name == pool.machine), None)
    gpu, brought = known_gpu(pool.gpu, catalog), known_gpu(machine and machine.gpu, catalog)
    has_gpus = machine is not None and machine.gpu_count
    is_elsewhere = gpu is not None and (
        brought is not gpu if has_gpus else _is_bound(gpu, pool, offers)
    )
    return {
        "machineGpus": machine.gpu_count if machine else 0,
        "machineGpu": brought.name if brought else None,
        "isOnDemandMachine": None if machine is None else machine.is_on_demand,
        "isOnDemandPool": not (pool.spot or pool.flex_start or pool.reservation),
        "isGpuCountOff": bool(has_gpus and brought is gpu and machine.gpu_count != pool.count),  # type: ignore[union-attr]  # has_gpus
        "isGpuElsewhere": is_elsewhere,
        **(_elsewhere(gpu, pool, offers, brought) if gpu is not None and is_elsewhere else {}),
    }


def _is_bound(gpu: Gpu, pool: Pool, offers: Offers) -> bool:
    """Whether `gpu` comes with machines of its own, or the pool's machine takes none."""
    return bool(_with(gpu, offers)) or not pool.machine.startswith(_ATTACHED)


def _with(gpu: Gpu, offers: Offers) -> list[MachineType]:
    return [m for m in offers.machine_types if m.gpu in {gpu.name, *gpu.aliases}]


def _elsewhere(gpu: Gpu, pool: Pool, offers: Offers, brought: Gpu | None) -> dict[str, Any]:
    own = sorted(_with(gpu, offers), key=lambda m: (m.gpu_count, m.vcpus))
    has = f"{pool.machine} comes with {brought.name}" if brought else f"{pool.machine} has no GPU"
    told = f"{has}; {gpu.name} cannot be attached to it."
    return {"why": told, "gpuMachine": own[0].name if own else "n1-standard-8"}


def _region(gke: Gke, pool: Pool) -> dict[str, Any]:
    """Where the machine is offered: the prices have a row for each region that offers it."""
    there = [one for one in load_gke_prices().units.values() if one.sku == pool.machine]
    regions = sorted({one.region for one in there})
    return {
        "isMachineKnown": bool(regions),
        "machineRegions": ", ".join(regions),
        "machineAsOf": max((one.as_of for one in there), default=""),
        # Nothing known is no reason to refuse: the live check asks Google.
        "isMachineInRegion": not regions or gke.region in regions,
    }
