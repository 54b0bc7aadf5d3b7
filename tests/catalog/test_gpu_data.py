"""The shipped GPUs, machines, prices, regions and families: sourced, dated, and consistent."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from llmplat.catalog.families import load_families
from llmplat.catalog.load import DATA, load_catalog
from llmplat.catalog.offers import load_offers
from llmplat.domain.errors import InputError
from llmplat.fit.estimate import estimate
from llmplat.fit.inputs import EngineSettings
from llmplat.plan.fit_values import families, find_gpu, gpu_value, machine_offers

pytestmark = pytest.mark.catalog

HOME = Path(__file__).parents[2]
CATALOG = load_catalog(HOME)
OFFERS = load_offers()
SHARED = Path(os.environ.get("LLMPLAT_SHARED", HOME.parent / "shared"))
CONFIGS = [
    path
    for path in sorted((SHARED / "data" / "gpu-fit" / "configs").glob("*.json"))
    if not path.stem.endswith("hf_quant_config")
]


def test_every_row_is_sourced_and_dated():
    for row in (*OFFERS.machine_types, *OFFERS.prices, *OFFERS.regions, *load_families().values()):
        assert row.source.startswith("https://")
        assert (
            dt.date(2024, 1, 1)
            < dt.date.fromisoformat(row.as_of)
            <= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
        )


def test_every_machine_has_a_gpu_of_the_catalogue():
    assert len(machine_offers(DATA, CATALOG)) == len(OFFERS.machine_types)


def test_prices_are_of_known_machines_once_per_region_and_plausible():
    names = {machine.name for machine in OFFERS.machine_types}
    rows = [(p.machine_type, p.region) for p in OFFERS.prices]
    assert {name for name, _ in rows} <= names
    assert len(set(rows)) == len(rows)
    for price in OFFERS.prices:
        for usd in (price.usd_per_hour, price.spot_usd_per_hour):
            assert usd is None or 0.05 < usd < 500


def test_unknown_prices_stay_unknown():
    offers = {offer.name: offer for offer in machine_offers(DATA, CATALOG)}
    assert offers["a3-ultragpu-8g"].usd_per_hour is None
    assert offers["g2-standard-4"].usd_per_hour is not None


def test_a_region_narrows_the_offers():
    here = machine_offers(DATA, CATALOG, region="europe-west4")
    assert here
    assert {offer.region for offer in here} == {"europe-west4"}
    with pytest.raises(InputError) as caught:
        machine_offers(DATA, CATALOG, region="europe-west99")
    assert "europe-west" in caught.value.fix[0]


@pytest.mark.parametrize(("text", "name"), [
    ("h100-80gb", "h100-80gb"), ("H100", "h100-80gb"), ("l4", "l4"), ("MI300X", "mi300x-192gb"), ("a100", "a100-80gb"),
    ("A100-40GB", "a100-40gb"), ("rtx 4090", "rtx-4090"), ("nvidia-l4", "l4"), ("b200", "b200-180gb"),
])  # fmt: skip
def test_gpu_names_are_forgiving(text, name):
    assert find_gpu(CATALOG, text).name == name


def test_a_wrong_gpu_gets_the_nearest_names():
    with pytest.raises(InputError) as caught:
        find_gpu(CATALOG, "h101-80gb")
    assert caught.value.why is not None
    assert "h100-80gb" in caught.value.why


def test_model_types_belong_to_one_family():
    types = [kind for family in load_families().values() for kind in family.model_types]
    assert len(set(types)) == len(types)
    assert set(types) == set(families())


def test_names_of_gpus_are_taken_once():
    names = [n.lower() for g in CATALOG.gpus.values() for n in (g.name, *g.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_gets_an_answer(path):
    config = json.loads(path.read_text(encoding="utf-8"))
    answer = estimate(
        config,
        EngineSettings(),
        gpu_value(CATALOG.gpus["h100-80gb"]),
        families=families(),
        with_fixes=False,
    )
    assert answer.is_architecture_known
    assert answer.memory.weights.bytes > 0


def test_configurations_are_there():
    if not CONFIGS:
        pytest.skip(f"no configurations at {SHARED} (set LLMPLAT_SHARED)")
    assert len(CONFIGS) > 100
