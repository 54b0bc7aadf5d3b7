"""The JSON Schema of each file, for editors and for other programs."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from llmplat.spec.fleet import Fleet
from llmplat.spec.keys import KeysFile
from llmplat.spec.lock import Lock
from llmplat.spec.not_yet import ANYWHERE, TABLE, NotYet
from llmplat.spec.platform import Platform
from llmplat.spec.words import shape_at

BASE = "https://llmplat.dev/schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"

SHAPES: dict[str, type[BaseModel]] = {
    "platform": Platform,
    "lock": Lock,
    "keys": KeysFile,
    "fleet": Fleet,
}


def schema_file(kind: str) -> str:
    """The file name of the schema of `kind`."""
    return f"{kind}-v1alpha1.json"


@cache
def make_schema(kind: str) -> Mapping[str, Any]:
    """The schema of `kind`: platform, lock, keys or fleet; KeyError for another."""
    schema = SHAPES[kind].model_json_schema(by_alias=True)
    _tidy(schema)
    if kind == "platform":
        for rule in TABLE:
            _mark(schema, rule)
    return {"$schema": DRAFT, "$id": f"{BASE}/{schema_file(kind)}", **schema}


def dump_schema(kind: str) -> str:
    """The schema of `kind` as text: the same each time."""
    return json.dumps(make_schema(kind), indent=2, ensure_ascii=False) + "\n"


def not_yet_note(rule: NotYet) -> str:
    """What the documentation says of a key that nothing acts on yet."""
    refused = f" ({rule.told})" if rule.told else ""
    on = "" if rule.on == ANYWHERE else f" on {' and '.join(rule.on)}"
    return f"Not acted on yet{on}{refused}, so refused: {rule.why}."


def _mark(schema: dict[str, Any], rule: NotYet) -> None:
    """Say in the key's own description that it is refused."""
    parent = shape_at(Platform, tuple(0 if step == "*" else step for step in rule.path[:-1]))
    if parent is None:
        return
    holder = schema if parent is Platform else schema["$defs"][parent.__name__]
    entry = holder["properties"][rule.path[-1]]
    entry["description"] = f"{entry['description']} {not_yet_note(rule)}"


def _tidy(node: object) -> None:
    """Drop what editors do not need: generated titles, nulls, defaults that are whole mappings."""
    if isinstance(node, dict):
        for entry in node.get("properties", {}).values():
            entry.pop("title", None)
            _plain_default(entry)
            _without_null(entry)
        for child in node.values():
            _tidy(child)
    elif isinstance(node, list):
        for child in node:
            _tidy(child)


def _plain_default(entry: dict[str, Any]) -> None:
    default = entry.get("default", ...)
    if default is None or isinstance(default, dict):
        del entry["default"]
    elif isinstance(default, float) and entry.get("type") == "string":
        entry["default"] = f"{default:g}s"


def _without_null(entry: dict[str, Any]) -> None:
    choices = [item for item in entry.get("anyOf", ()) if item != {"type": "null"}]
    if len(choices) == 1:
        del entry["anyOf"]
        entry.update(choices[0])
