"""The shipped data: valid, sourced, dated, unique, and every name leads somewhere."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from llmplat.catalog.cluster import load_delivery_rules
from llmplat.catalog.listing import KINDS, make_listing
from llmplat.catalog.load import load_catalog
from llmplat.catalog.sourced import Sourced
from llmplat.plan.layers import layers_of
from llmplat.spec.engine_options import VERSION

pytestmark = pytest.mark.catalog

HOME = Path(__file__).parents[2]
CATALOG = load_catalog(HOME)


def sourced():
    """Every fact with a source, by a name for the test's id."""
    versions = {f"component {n}": c.version for n, c in CATALOG.components.items() if c.version}
    rows = {f"throughput {row.model} {row.hardware}": row for row in CATALOG.throughput}
    gpus = {f"gpu {name}": gpu for name, gpu in CATALOG.gpus.items()}
    machines = {f"machine {name}": machine for name, machine in CATALOG.machines.items()}
    return {**versions, **rows, **gpus, **machines, "prices": CATALOG.prices}


@pytest.mark.parametrize("name", sourced())
def test_facts_are_sourced_and_dated(name):
    fact = sourced()[name]
    assert isinstance(fact, Sourced)
    assert fact.source.startswith("https://")
    as_of = dt.date.fromisoformat(fact.as_of)
    assert dt.date(2024, 1, 1) < as_of <= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)


@pytest.mark.parametrize("name", CATALOG.components)
def test_component_is_pinned_and_in_its_own_folder(name):
    component = CATALOG.components[name]
    places = [
        HOME / "templates" / kind / name / "component.yaml" for kind in ("components", "doors")
    ]
    assert sum(place.is_file() for place in places) == 1
    assert component.version is not None or component.runtimes or component.has_objects
    assert component.needs, "a component needs something of its substrate"
    assert len(component.purpose) <= 110
    if component.version is not None:
        assert any(digit.isdigit() for digit in component.version.pinned)
        assert "latest" not in component.version.pinned


@pytest.mark.parametrize("name", CATALOG.components)
def test_runtimes_of_components_exist(name):
    assert set(CATALOG.components[name].runtimes) <= CATALOG.runtimes.keys()


def test_layers_are_in_order_and_their_files_say_so():
    orders = [layer.order for layer in CATALOG.layers]
    assert orders == sorted(set(orders))
    for layer in CATALOG.layers:
        assert (HOME / "profiles" / "layers" / f"{layer.order}-{layer.name}.yaml").is_file()


def test_every_layer_is_reached_by_the_widest_profile():
    assert layers_of("full", CATALOG) == CATALOG.layers


@pytest.mark.parametrize("name", CATALOG.substrates)
def test_what_a_substrate_leaves_out_exists_and_it_cannot_run_it(name):
    substrate = CATALOG.substrates[name]
    assert set(substrate.leaves_out) <= CATALOG.components.keys()
    for component in substrate.leaves_out:
        assert set(CATALOG.components[component].needs) - set(substrate.abilities)


def test_every_ability_is_used():
    used = {need for c in CATALOG.components.values() for need in c.needs}
    used |= {ability for s in CATALOG.substrates.values() for ability in s.abilities}
    used |= {rule.ability for rule in load_delivery_rules() if rule.ability}
    assert used == CATALOG.abilities.keys()


def test_option_names_are_those_of_the_engine_that_runs():
    engines = [r for name, r in CATALOG.runtimes.items() if name.startswith("vllm-")]
    assert {engine.version for engine in engines} == {VERSION}


def test_throughput_names_known_hardware_once():
    known = {*CATALOG.gpus, *CATALOG.machines}
    rows = [(row.model, row.hardware) for row in CATALOG.throughput]
    assert len(set(rows)) == len(rows)
    assert {hardware for _, hardware in rows} <= known


@pytest.mark.parametrize("name", CATALOG.gpus)
def test_gpu_figures_are_plausible(name):
    gpu = CATALOG.gpus[name]
    assert 2**33 <= gpu.memory_bytes <= 2**39
    bandwidth = gpu.memory_bandwidth_bytes_per_s  # not known of all
    assert bandwidth is None or 10**11 <= bandwidth <= 2 * 10**13


def test_shares_are_shares():
    prices = CATALOG.prices
    assert 0 < prices.utilisation <= 1
    assert 0 < prices.input_share <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_list_has_a_line_for_each_entry(kind):
    listing = make_listing(kind, CATALOG)
    assert listing.items
    assert all(dataclasses.astuple(item)[:3] for item in listing.items)
    assert len({item.name for item in listing.items}) == len(listing.items)
