"""How a model is run and what its tokens cost."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from llmplat.spec.scalars import OptionValue, Size, Usd, refuse
from llmplat.spec.shape import Says, Shape


class Replicas(Shape):
    """How many engines serve the model."""

    min: Annotated[int, Field(ge=0, le=256, description="Fewest; 0 only for a cold model.")] = 1
    max: Annotated[
        int, Field(ge=1, le=256, description="Most; the local substrate runs a fixed number.")
    ] = 1


class Prefill(Shape):
    """Engines of their own for reading prompts, so that long ones hold up no running answer."""

    replicas: Annotated[
        int, Field(ge=1, le=256, description="Engines that only read prompts; a fixed number.")
    ] = 1
    min_tokens: Annotated[
        int,
        Field(
            ge=16,
            le=16_777_216,
            description="Prompts with at least so many tokens that the answering engine has not "
            "read before go there.",
        ),
    ] = 512


class Engine(Shape):
    """What the engine is told beyond what llmplat works out."""

    kv_cache_memory_bytes: Annotated[
        Size | None,
        Field(
            alias="kvCacheMemory",
            description="Memory for the KV cache of one replica, for example 1GiB; without it "
            "worked out from context and concurrency.",
        ),
    ] = None
    options: Annotated[
        dict[str, OptionValue],
        Field(
            description="Options of the engine itself, spelled as on its command line without the "
            "leading dashes; checked against that version's own names."
        ),
    ] = Field(default_factory=dict)


class Price(Shape):
    """What tokens cost the tenants."""

    input_usd_per_million_tokens: Annotated[
        Usd, Field(description="USD for a million prompt tokens.")
    ]
    output_usd_per_million_tokens: Annotated[
        Usd, Field(description="USD for a million answer tokens.")
    ]


def _price(value: object) -> object:
    if value is None or (isinstance(value, str) and value != "computed"):
        raise refuse("must be computed, or inputUsdPerMillionTokens and outputUsdPerMillionTokens")
    return None if value == "computed" else value


PriceOrComputed = Annotated[Price | None, BeforeValidator(_price), Says({"const": "computed"})]
