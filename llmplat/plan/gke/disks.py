"""A volume on GKE -> the disk behind it and what that costs a month."""

from llmplat.catalog.gke import GkePrices
from llmplat.domain.units import NANO

DEFAULT_CLASS = "standard-rwo"
_DISK_OF_CLASS = {"premium-rwo": "pd-ssd", "standard-rwo": "pd-balanced", "standard": "pd-standard"}
"""GKE's own storage classes; another one is somebody's own and cannot be priced."""


def disk_of(storage_class: str | None) -> str | None:
    """Google's disk type of a storage class, the cluster's default one for none."""
    return _DISK_OF_CLASS.get(storage_class or DEFAULT_CLASS)


def disk_price(
    gib: int, storage_class: str | None, region: str, prices: GkePrices
) -> tuple[float | None, str]:
    """USD a month of such a volume and how that is known; None where the catalogue has no price."""
    kind = disk_of(storage_class)
    if kind is None:
        return None, f"unknown: the storage class {storage_class} is not one of GKE's own"
    unit = prices.unit(f"{kind}-gib-month", region)
    if unit is None or unit.nanousd is None:
        return None, f"unknown: the catalogue has no price of {kind} in {region}"
    usd = round(gib * unit.nanousd / NANO, 2)
    each = unit.nanousd / NANO
    return usd, f"${usd:.2f} a month: {gib} GiB {kind} at ${each:g}, as of {unit.as_of}"
