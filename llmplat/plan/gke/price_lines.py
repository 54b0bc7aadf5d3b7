"""The lines of a price: an item with its unit price, source and date, or why there is none."""

from dataclasses import dataclass

from llmplat.catalog.gke import UnitPrice
from llmplat.plan.gke.amounts import Amounts

HOURS_PER_MONTH = 730
"""365 x 24 / 12, as Google counts."""


@dataclass(frozen=True)
class PriceLine:
    """One item of the price; money in nano-dollars."""

    item: str
    sku: str
    region: str
    unit: str
    """hour or gib-month."""
    unit_nanousd: int
    quantity: Amounts
    monthly_nanousd: Amounts
    source: str
    as_of: str
    note: str


@dataclass(frozen=True)
class Usage:
    """Something that costs by use."""

    what: str
    sku: str
    unit: str
    unit_nanousd: int
    source: str
    as_of: str


@dataclass(frozen=True)
class Unpriced:
    """Something that costs and that no price is known of."""

    what: str
    sku: str | None
    why: str


def line_of(
    item: str, unit: UnitPrice, quantity: Amounts, *, is_spot: bool = False, note: str = ""
) -> PriceLine:
    """`quantity` units of `unit` for a month."""
    nanousd = (unit.spot_nanousd if is_spot else unit.nanousd) or 0
    each = nanousd * (HOURS_PER_MONTH if unit.unit == "hour" else 1)
    return PriceLine(
        item=item,
        sku=unit.sku,
        region=unit.region,
        unit=unit.unit,
        unit_nanousd=nanousd,
        quantity=quantity,
        monthly_nanousd=quantity.times(each),
        source=unit.source,
        as_of=unit.as_of,
        note=note,
    )


def unpriced(item: str, sku: str, why: str = "the catalogue has no price of it") -> Unpriced:
    """`item` without a price."""
    return Unpriced(item, sku, why)
