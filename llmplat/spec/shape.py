"""The base of every part of a file: strict, frozen, camelCase keys in YAML, snake_case in Python."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

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


@dataclass(frozen=True)
class Says:
    """Tells editors of the short value that stands for a whole object, or for none."""

    short: dict[str, object]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        choices = [item for item in handler(schema)["anyOf"] if item != {"type": "null"}]
        return {"anyOf": [self.short, *choices]}
