"""Compiles an API schema into a function from a value to its faults, None when it has none.

Kubernetes' own rules for structural schemas: a field that nobody declared is a fault unless the
schema preserves unknown fields, an integer is not a text, the entries of a list-map differ in
their keys. In Kubernetes' own kinds null stands for an absent field; in others a server-side apply,
which is how Argo CD writes ours, refuses it where neither a default nor `nullable` takes it (tried
on an API server 1.36). CEL rules are left to the API server.
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/)
"""

from collections.abc import Mapping
from typing import Any

from llmplat.validate.alternatives import all_of, filled, none_of, some_of
from llmplat.validate.constraints import constraint_checks
from llmplat.validate.faults import Check, Faults, Schema
from llmplat.validate.shapes import (
    Fields,
    array_check,
    check_number_or_text,
    check_text,
    map_check,
    object_check,
    of_type,
    unique_keys,
)

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"


class Compiler:
    """Compiles schemas that may name `definitions`; `metadata` checks an object's metadata."""

    def __init__(
        self,
        definitions: Mapping[str, Schema],
        metadata: Check | None = None,
        *,
        is_null_absent: bool = True,
    ) -> None:
        self._definitions = definitions
        self._named: dict[str, Check] = {}
        self._metadata = metadata
        self._is_null_absent = is_null_absent

    def compile(self, schema: Schema, *, is_resource: bool = False) -> Check:
        """The check of `schema`; of a whole object with apiVersion, kind and metadata."""
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        checks = [*self._shape(schema, is_resource=is_resource), *constraint_checks(schema)]
        checks += self._alternatives(schema)
        return all_of(checks)

    def _reference(self, name: str) -> Check:
        """A definition, compiled when it is first met (JSONSchemaProps contains itself)."""
        if name in self._named:
            return self._named[name]

        def later(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
            check = self._named[name]
            if check is later:
                check = self._named[name] = self.compile(self._definitions[name])
            return check(value)

        self._named[name] = later
        return later

    def _shape(self, schema: Schema, *, is_resource: bool) -> list[Check]:
        is_embedded = bool(schema.get(EMBEDDED))
        kind = schema.get("type")
        if kind == "object" or is_resource or is_embedded:
            return [self._object(schema, is_resource=is_resource or is_embedded)]
        if kind == "array":
            return [self._array(schema)]
        if schema.get(INT_OR_STRING):
            return [check_number_or_text]
        return [of_type(kind, is_nullable=bool(schema.get("nullable")))] if kind else []

    def _object(self, schema: Schema, *, is_resource: bool) -> Check:
        properties = dict(schema.get("properties", {}))
        # The API server fills defaults in before it asks for what is required.
        required = tuple(
            name for name in schema.get("required", ()) if "default" not in properties.get(name, {})
        )
        fixed: dict[str, Check] = {}
        if is_resource:
            fixed = {"apiVersion": check_text, "kind": check_text}
            if self._metadata is not None:
                fixed["metadata"] = self._metadata
            required = tuple(dict.fromkeys((*required, "apiVersion", "kind")))
        if not properties and not fixed:
            return self._map(schema)
        fields = Fields(self.compile, properties, fixed, is_open=_is_open(schema))
        nullable = {n for n, child in properties.items() if child.get("nullable")}
        if self._is_null_absent:
            return object_check(fields, required, nullable, None)
        filled_in = {n for n, child in properties.items() if "default" in child}
        return object_check(fields, required, nullable, nullable | filled_in)

    def _map(self, schema: Schema) -> Check:
        """An object whose keys are free, or that holds nothing."""
        values = schema.get("additionalProperties")
        if isinstance(values, Mapping) and values:
            return map_check(self.compile(values))
        if _is_open(schema):
            return of_type("object", is_nullable=True)
        return object_check(Fields(self.compile, {}, {}, is_open=False), (), set(), None)

    def _array(self, schema: Schema) -> Check:
        items = self.compile(schema["items"]) if schema.get("items") else None
        return array_check(items, unique_keys(schema))

    def _alternatives(self, schema: Schema) -> list[Check]:
        """oneOf, anyOf, allOf, not: they only judge values, unknown fields are judged above."""
        loose = {
            word: [Compiler(self._definitions).compile(_loosen(child)) for child in schema[word]]
            for word in ("allOf", "anyOf", "oneOf")
            if word in schema
        }
        checks = list(loose.get("allOf", ()))
        if "anyOf" in loose:
            checks.append(some_of(loose["anyOf"], exactly_one=False))
        if "oneOf" in loose:
            checks.append(some_of(loose["oneOf"], exactly_one=True))
        if "not" in schema:
            checks.append(none_of(Compiler(self._definitions).compile(_loosen(schema["not"]))))
        defaults = schema.get("defaults")
        return [filled(check, defaults) for check in checks] if defaults else checks


def _is_open(schema: Schema) -> bool:
    return bool(schema.get(PRESERVE)) or schema.get("additionalProperties") in (True, {})


def _loosen(schema: Schema) -> dict[str, Any]:
    """`schema` as one of several alternatives: fields that it does not name are not its business."""
    loose = {key: value for key, value in schema.items() if key != "properties"}
    if "properties" in schema or "required" in schema:
        loose["properties"] = {n: _loosen(c) for n, c in schema.get("properties", {}).items()}
        loose |= {"type": "object", PRESERVE: True}
        loose["properties"].update(
            (n, {}) for n in schema.get("required", ()) if n not in loose["properties"]
        )
    if isinstance(schema.get("items"), Mapping):
        loose["items"] = _loosen(schema["items"])
    return loose
