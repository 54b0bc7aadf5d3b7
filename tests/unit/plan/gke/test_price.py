"""Prices: unit prices against the sourced file, three totals worked by hand, nothing left out."""

import csv
import os
from pathlib import Path

import pytest

from llmplat.catalog.gke import load_gke_prices
from llmplat.domain.units import usd_to_nano
from llmplat.output.gke_view import usd
from llmplat.plan.gke.amounts import Amounts
from llmplat.plan.gke.price import InCluster, make_price
from llmplat.plan.gke.resources import Resource

HOME = Path(__file__).parents[4]
SHARED = Path(os.environ.get("LLMPLAT_SHARED", HOME.parent / "shared"))
PRICES = load_gke_prices()


def sourced():
    """(sku, region) -> the preferred row of the sourced file: its first one with a price."""
    file = SHARED / "data" / "gcp" / "prices.csv"
    if not file.is_file():
        pytest.skip(f"no sourced prices at {file} (set LLMPLAT_SHARED)")
    rows: dict[tuple[str, str], dict[str, str]] = {}
    with file.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            rows.setdefault((row["sku"], row["region"]), row)
    return rows


def test_every_unit_price_equals_the_sourced_file():
    rows = sourced()
    assert len(PRICES.units) > 1000
    for key, unit in PRICES.units.items():
        row = rows[key]
        for ours, theirs in (
            (unit.nanousd, row["on_demand_usd_per_hour"]),
            (unit.spot_nanousd, row["spot_usd_per_hour"]),
        ):
            assert ours == (usd_to_nano(float(theirs)) if theirs else None), key
        assert unit.as_of in {row["as_of"], "undated"}, key


def pool(name, machine, disk_gib=100, disk="pd-balanced", **config):
    """A recorded node pool."""
    inputs = {
        "name": name,
        "nodeConfig": {
            "machineType": machine,
            "diskSizeGb": disk_gib,
            "diskType": disk,
            **config,
        },
    }
    return Resource(name, "gcp:container/nodePool:NodePool", name, inputs, (), ())


def other(kind, name="one", **inputs):
    """Another recorded resource."""
    return Resource(name, kind, name, inputs, (), ())


def price(resources, machines, region="us-central1", within=None):
    return make_price(resources, machines, within or InCluster(0, {}), region, PRICES)


def test_an_added_kind_is_priced_or_listed_as_unknown():
    found = price(
        [
            other("gcp:compute/address:Address"),
            other("gcp:compute/disk:Disk", size=50, type="pd-ssd"),
            other("gcp:tpu/node:Node", "mine"),
            other("gcp:compute/network:Network"),
        ],
        {},
    )
    assert [line.sku for line in found.lines] == ["static-ip-hour", "pd-ssd-gib-month"]
    assert found.lines[1].monthly_nanousd == Amounts.steady(50 * usd_to_nano(0.17))
    assert ("Node mine", None) in [(one.what, one.sku) for one in found.unknown]
    assert found.free == ("gcp:compute/network:Network",)


def test_an_internal_address_is_free_and_an_external_one_is_not():
    kind = "gcp:compute/address:Address"
    assert price([other(kind, addressType="INTERNAL")], {}).free == (kind,)
    found = price([other(kind, addressType="EXTERNAL")], {})
    assert [line.sku for line in found.lines] == ["static-ip-hour"]
    assert found.free == ()


@pytest.mark.parametrize(
    ("config", "sku"),
    [
        ({"flexStart": True}, "g2-standard-8 flex-start"),
        ({"machineType": "g9-standard-1"}, "g9-standard-1"),
        ({"diskType": "hyperdisk-balanced"}, "hyperdisk-balanced-gib-month"),
    ],
)
def test_what_has_no_price_is_listed(config, sku):
    found = price([pool("p", "g2-standard-8", **config)], {"p": Amounts.steady(1)})
    assert sku in [one.sku for one in found.unknown]


def test_gpus_attached_to_n1_are_listed_as_unknown():
    gpus = {"guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 1}]}
    found = price([pool("p", "n1-standard-8", **gpus)], {"p": Amounts.steady(1)})
    assert "gpu:nvidia-tesla-t4" in [one.sku for one in found.unknown]


def test_local_ssds_count_by_their_size():
    ssd = {"localNvmeSsdBlockConfig": {"localSsdCount": 2}}
    found = price([pool("p", "e2-standard-4", **ssd)], {"p": Amounts.steady(3)})
    (line,) = [line for line in found.lines if line.sku == "local-ssd-gib-month"]
    assert line.quantity == Amounts.steady(3 * 2 * 375)


def test_spot_and_on_demand_stand_side_by_side():
    found = price([pool("p", "g2-standard-8", spot=True)], {"p": Amounts(0, 1, 1, 2)})
    (cost,) = found.pools
    assert cost.capacity == "spot"
    assert cost.on_demand_monthly_nanousd.maximum == 2 * 730 * usd_to_nano(0.853624)
    assert cost.spot_monthly_nanousd.maximum == 2 * 730 * usd_to_nano(0.479872)
    assert found.lines[0].monthly_nanousd == cost.spot_monthly_nanousd


def test_expected_is_half_way_rounded_up():
    assert Amounts.between(0, 1, 4) == Amounts(0, 1, 3, 4)


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0.00"),
        (4_999_999, "0.00"),
        (5_000_000, "0.01"),
        (1_234_567_890_000_000, "1,234,567.89"),
    ],
)
def test_dollars_are_rounded_once_at_the_end(nano, text):
    assert usd(nano) == text
