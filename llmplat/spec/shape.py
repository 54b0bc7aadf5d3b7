"""The base of every part of a file: strict, frozen, camelCase keys in YAML, snake_case in Python."""

from typing import Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

API_VERSION: Final = "llmplat.dev/v1alpha1"


class Shape(BaseModel):
    """One mapping of a file; unknown keys are refused and values are never coerced."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        allow_inf_nan=False,
        defer_build=True,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        strict=True,
        use_attribute_docstrings=False,
    )
