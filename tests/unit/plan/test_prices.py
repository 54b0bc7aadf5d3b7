"""Prices: given as said, computed by the stated formula and marked."""

import math

import pytest

from llmplat.domain.errors import PlanError
from llmplat.plan.prices import price_of


def test_a_given_price_is_taken_as_it_is(planning):
    price = "price: {inputUsdPerMillionTokens: 0.5, outputUsdPerMillionTokens: 1.5}"
    made = planning.plan(planning.model(price)).models[0].price
    assert (made.input_nanousd_per_token, made.output_nanousd_per_token) == (500, 1500)
    assert not made.is_estimate


def test_a_computed_price_is_the_formula(planning):
    made = planning.plan(substrate="{local: {usdPerHour: 0.4}}").models[0].price
    catalog = planning.catalog()
    machine, assumed = catalog.machines["local"], catalog.prices
    weights_bytes = catalog.demos["smollm2-135m-instruct"].facts["weights_bytes"]
    speed = machine.memory_bandwidth_bytes_per_s / weights_bytes
    exact = 0.4 / (speed * assumed.utilisation * 3600) * 1e9
    assert made.output_nanousd_per_token == math.ceil(exact)
    assert made.input_nanousd_per_token == math.ceil(exact * assumed.input_share)
    assert made.is_estimate
    assert "estimated" in made.how
    assert "$0.40 per hour" in made.how


def test_a_free_machine_still_counts_tokens(planning):
    made = planning.plan(substrate="{local: {usdPerHour: 0}}").models[0].price
    assert made.output_nanousd_per_token == 1


def test_a_measured_speed_wins_over_the_bound(planning):
    source = "source: 'hf://Qwen/Qwen2.5-0.5B-Instruct@main'"
    text = f"{{name: m, {source}, gpu: l4, context: 2048}}"
    file = planning.platform(text).platform
    from llmplat.plan.hardware import hardware_of

    catalog = planning.catalog()
    hardware = hardware_of(file.models[0], file, catalog)
    price = price_of(file.models[0], hardware, 988_097_824, catalog)
    exact = 0.10 / (3773 * 0.5 * 3600) * 1e9
    assert price.output_nanousd_per_token == math.ceil(exact)
    assert "measured" in price.how


@pytest.mark.parametrize("usd", [0.1, 0.2, 1.0])
def test_a_dearer_machine_never_makes_cheaper_tokens(planning, usd):
    cheap = planning.plan(substrate=f"{{local: {{usdPerHour: {usd}}}}}").models[0].price
    dear = planning.plan(substrate=f"{{local: {{usdPerHour: {usd * 2}}}}}").models[0].price
    assert dear.output_nanousd_per_token >= cheap.output_nanousd_per_token


def test_an_external_model_has_no_computed_price(planning):
    model = planning.platform().platform.models[0]
    with pytest.raises(PlanError, match="needs a price"):
        price_of(model, None, 0, planning.catalog())
