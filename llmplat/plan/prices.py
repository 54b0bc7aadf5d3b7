"""Turns a stated price, or what the hardware costs and yields, into nano-dollars per token."""

import math

from llmplat.catalog.entries import Catalog, Throughput
from llmplat.domain.errors import PlanError
from llmplat.domain.units import NANO, format_usd, usd_to_nano
from llmplat.fit.speed import bandwidth_bound_tokens_per_s, nanousd_per_token
from llmplat.plan.hardware import Hardware
from llmplat.plan.planned import PlannedPrice
from llmplat.spec.model import Model
from llmplat.spec.model_serving import Price

_MILLION = 1_000_000


def price_of(
    model: Model, hardware: Hardware | None, weights_bytes: int, catalog: Catalog
) -> PlannedPrice:
    """The price of `model`: its own, or computed from the hardware it runs on.

    Raises PlanError for an external model without a price: what it costs is not ours to compute.
    """
    if model.price is not None:
        return given_price(model.price)
    if hardware is None:
        example = "{inputUsdPerMillionTokens: 0.5, outputUsdPerMillionTokens: 1.5}"
        raise PlanError(
            f"The model {model.name} needs a price.",
            why="an external service answers for it, so llmplat cannot compute what it costs.",
            fix=(f"set price: {example} for {model.name}, with what the service costs",),
        )
    return _computed(model, hardware, weights_bytes, catalog)


def given_price(price: Price) -> PlannedPrice:
    """A price of the platform file."""
    per_million = (price.input_usd_per_million_tokens, price.output_usd_per_million_tokens)
    each = [_nanousd(usd) for usd in per_million]
    return PlannedPrice(each[0], each[1], is_estimate=False, how="as the platform file says")


def _nanousd(usd_per_million: float) -> int:
    return math.ceil(usd_to_nano(usd_per_million) / _MILLION)


def _computed(
    model: Model, hardware: Hardware, weights_bytes: int, catalog: Catalog
) -> PlannedPrice:
    speed, told = _speed(model, hardware, weights_bytes, catalog.throughput)
    assumed = catalog.prices
    engines, per = _engines_per_replica(model)
    usd_per_hour = hardware.usd_per_hour * engines
    exact = nanousd_per_token(usd_per_hour, speed, assumed.utilisation)
    how = (
        f"{format_usd(usd_to_nano(usd_per_hour))} per hour{per}"
        f" / ({speed:.4g} tokens/s x {assumed.utilisation:.0%} utilisation x 3600 s)"
        f"; per hour: {hardware.usd_per_hour_from}; tokens/s: {told}"
        f"; a prompt token counts {assumed.input_share:.0%}"
    )
    return PlannedPrice(
        input_nanousd_per_token=max(1, math.ceil(exact * assumed.input_share)),
        output_nanousd_per_token=max(1, math.ceil(exact)),
        is_estimate=True,
        how=how,
    )


def _engines_per_replica(model: Model) -> tuple[float, str]:
    """Engines paid for each that answers, and that in words: those that read prompts cost too."""
    if model.prefill is None:
        return 1.0, ""
    answering, reading = max(1, model.replicas.min), model.prefill.replicas
    told = f" ({answering} answering and {reading} reading engines, for each that answers)"
    return (answering + reading) / answering, told


def _speed(
    model: Model, hardware: Hardware, weights_bytes: int, table: tuple[Throughput, ...]
) -> tuple[float, str]:
    """Tokens per second and how that is known."""
    source = (model.source or "").split("@")[0]
    for row in table:
        if source.endswith(row.model) and hardware.name == row.hardware:
            return row.tokens_per_s, f"measured, as of {row.as_of}"
    bound = bandwidth_bound_tokens_per_s(hardware.bandwidth_bytes_per_s, weights_bytes)
    told = (
        f"estimated, {hardware.bandwidth_bytes_per_s / NANO:g} GB/s of memory bandwidth"
        f" / {weights_bytes / NANO:.3f} GB of weights"
    )
    return bound, told
