"""Reduces upstream API schemas to what validation needs: no prose, no defaults, no CEL."""

import re
from collections.abc import Mapping
from typing import Any

_KEPT = {
    "additionalProperties", "allOf", "anyOf", "enum", "exclusiveMaximum", "exclusiveMinimum",
    "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength",
    "minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "properties",
    "required", "type", "uniqueItems",
    "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type", "x-kubernetes-preserve-unknown-fields",
}  # fmt: skip
_ANYTHING = {"x-kubernetes-preserve-unknown-fields": True}
_QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
"""The pattern that controller-gen writes for a quantity in CRDs."""

_SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "x-kubernetes-int-or-string": True,
        "pattern": _QUANTITY,
    },
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"x-kubernetes-int-or-string": True},
}


def reduce_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` without what validation does not read.

    A required field with a default is not required: the API server fills it in first. The
    alternatives that spell an int-or-string are dropped, the marker says the same.
    """
    kept = {key: _reduce(key, value) for key, value in schema.items() if key in _KEPT}
    if "$ref" in schema:
        kept["$ref"] = schema["$ref"].rpartition("/")[2]
    properties = schema.get("properties", {})
    required = [n for n in schema.get("required", ()) if "default" not in properties.get(n, {})]
    kept["required"] = required
    if not required:
        del kept["required"]
    if kept.get("x-kubernetes-int-or-string"):
        kept.pop("anyOf", None)
        kept.pop("type", None)
    return _with_alternatives(kept, properties)


def _with_alternatives(kept: dict[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Alternatives that still say something, and the defaults that are filled in before them.

    What only asks for a format (an IP address) says nothing here: such a choice is dropped whole.
    """
    for word in ("anyOf", "oneOf"):
        if not all(kept.get(word, [True])):
            del kept[word]
    if kept.get("not") == {}:
        del kept["not"]
    defaults = {n: child["default"] for n, child in properties.items() if "default" in child}
    if defaults and {"anyOf", "oneOf", "allOf", "not"} & set(kept):
        kept["defaults"] = defaults
    return kept


def reduce_definition(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """One definition of Kubernetes' own API: objects and texts that hold anything say so."""
    if name in _SPECIAL:
        return dict(_SPECIAL[name])
    kept = reduce_schema(schema)
    is_object = kept.get("type") == "object"
    if not kept or (is_object and not {"properties", "additionalProperties"} & set(kept)):
        return dict(_ANYTHING)
    return _with_free_objects(kept)


def _with_free_objects(schema: dict[str, Any]) -> dict[str, Any]:
    """Kubernetes' own API means by a bare `type: object` a raw extension."""
    for name, child in schema.get("properties", {}).items():
        if child.get("type") == "object" and not {"properties", "additionalProperties"} & set(
            child
        ):
            schema["properties"][name] = dict(_ANYTHING)
    return schema


def _reduce(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: reduce_schema(child) for name, child in value.items()}
    if key in {"allOf", "anyOf", "oneOf"}:
        return [reduce_schema(child) for child in value]
    if isinstance(value, dict):
        return reduce_schema(value)
    return _portable(value) if key == "pattern" else value


def _portable(pattern: str) -> str:
    """A pattern of Go's regexp as Python's `re` takes it: `(?i)` first, `$` only as the end."""
    text = pattern.replace("(?i)", "")
    text = re.sub(r"(?<!\\)\$(?=$|\))", r"\\Z", text)
    text = text if text == pattern or "(?i)" not in pattern else f"(?i){text}"
    re.compile(text)
    return text
