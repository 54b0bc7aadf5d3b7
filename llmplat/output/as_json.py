"""Turns a report into one JSON document with camelCase keys."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

API_VERSION = "llmplat.dev/v1alpha1"


def camel(name: str) -> str:
    """`name` in camelCase: "weights_bytes" -> "weightsBytes"."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def to_data(value: object) -> Any:  # noqa: ANN401 (JSON data has no narrower type)
    """`value` as JSON data; field names turn camelCase, keys of mappings stay as they are.

    Raises TypeError for a value that has no JSON form.
    """
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return _to_container(value)


def _to_container(value: object) -> Any:  # noqa: ANN401 (JSON data has no narrower type)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {camel(name): to_data(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): to_data(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((to_data(item) for item in value), key=str)
    if isinstance(value, Sequence):
        return [to_data(item) for item in value]
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json", by_alias=True)
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)


def document(kind: str, fields: object) -> dict[str, Any]:
    """The document of `kind` with `fields` (a dataclass or a mapping) behind the heading."""
    data = to_data(fields)
    body = data if isinstance(data, dict) else {"items": data}
    return {"apiVersion": API_VERSION, "kind": kind, **body}


def dump(data: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """`data` as JSON text with a final newline; key order is kept, so it is stable."""
    return json.dumps(data, indent=indent, ensure_ascii=False) + "\n"
