"""Services outside that may answer for a model whose engines cannot."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.spec.data_class import DataClass
from llmplat.spec.model_serving import Price
from llmplat.spec.model_source import Backend


class Overflow(Backend):
    """An OpenAI-compatible service outside that may answer where the model's engines cannot."""

    use: Annotated[
        Literal["fallback", "burst"],
        Field(
            description="fallback: when no engine can be reached; burst: when the engines run and "
            "hold waiting all they can."
        ),
    ]
    data_class: Annotated[
        DataClass,
        Field(
            description="The most sensitive data that may be sent there; requests for a more "
            "sensitive model or of a tenant with a more sensitive dataClass never leave."
        ),
    ] = "public"
    price: Annotated[Price, Field(description="What its tokens cost the tenants.")]
