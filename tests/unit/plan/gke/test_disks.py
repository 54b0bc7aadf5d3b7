"""What a volume on GKE costs: the sourced price of its disk, and "unknown" where nobody knows."""

import csv

import pytest

from llmplat.catalog.gke import load_gke_prices
from llmplat.catalog.load import DATA
from llmplat.plan.gke.disks import disk_price


def price_of(sku: str, region: str) -> float:
    rows = csv.DictReader((DATA / "prices" / "gcp-other.csv").read_text().splitlines())
    (found,) = (float(r["usd"]) for r in rows if (r["sku"], r["region"]) == (sku, region))
    return found


@pytest.mark.parametrize(
    ("storage_class", "disk"),
    [
        ("", "pd-balanced"),
        (None, "pd-balanced"),
        ("standard-rwo", "pd-balanced"),
        ("premium-rwo", "pd-ssd"),
        ("standard", "pd-standard"),
    ],
)
def test_a_class_of_gkes_own_has_its_disks_price(storage_class: str | None, disk: str) -> None:
    usd, told = disk_price(20, storage_class, "europe-west4", load_gke_prices())
    assert usd == round(20 * price_of(f"{disk}-gib-month", "europe-west4"), 2)
    assert disk in told
    assert "as of 2026-" in told


def test_what_nobody_knows_is_said() -> None:
    assert disk_price(1, "our-own", "europe-west4", load_gke_prices())[0] is None
    usd, told = disk_price(1, "", "mars-north1", load_gke_prices())
    assert usd is None
    assert told.startswith("unknown")
