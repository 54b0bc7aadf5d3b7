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

from llmplat.validate.alternatives import all_of, anything, filled, none_of, some_of
from llmplat.validate.constraints import constraint_checks
from llmplat.validate.faults import Check, Fault, Faults, Schema, spell

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list,), "a list"),
    "object": ((dict,), "keys with values"),
}


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
            return [_int_or_string]
        return [_of_type(kind, is_nullable=bool(schema.get("nullable")))] if kind else []

    def _object(self, schema: Schema, *, is_resource: bool) -> Check:
        properties = dict(schema.get("properties", {}))
        # The API server fills defaults in before it asks for what is required.
        required = tuple(
            name for name in schema.get("required", ()) if "default" not in properties.get(name, {})
        )
        fixed: dict[str, Check] = {}
        if is_resource:
            fixed = {"apiVersion": _text, "kind": _text}
            if self._metadata is not None:
                fixed["metadata"] = self._metadata
            required = tuple(dict.fromkeys((*required, "apiVersion", "kind")))
        if not properties and not fixed:
            return self._map(schema)
        fields = _Fields(self, properties, fixed, is_open=_is_open(schema))
        nullable = {n for n, child in properties.items() if child.get("nullable")}
        if self._is_null_absent:
            return _object_check(fields, required, nullable, None)
        filled_in = {n for n, child in properties.items() if "default" in child}
        return _object_check(fields, required, nullable, nullable | filled_in)

    def _map(self, schema: Schema) -> Check:
        """An object whose keys are free, or that holds nothing."""
        values = schema.get("additionalProperties")
        if isinstance(values, Mapping) and values:
            return _map_check(self.compile(values))
        if _is_open(schema):
            return _of_type("object", is_nullable=True)
        return _object_check(_Fields(self, {}, {}, is_open=False), (), set(), None)

    def _array(self, schema: Schema) -> Check:
        items = self.compile(schema["items"]) if schema.get("items") else None
        return _array_check(items, _unique_keys(schema))

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


class _Fields(dict[str, Check | None]):
    """The checks of an object's fields, compiled when a manifest first uses them."""

    def __init__(
        self,
        compiler: Compiler,
        properties: dict[str, Schema],
        fixed: dict[str, Check],
        *,
        is_open: bool,
    ) -> None:
        super().__init__(fixed)
        self._compiler = compiler
        self._properties = properties
        self.is_open = is_open
        self.known = tuple(dict.fromkeys((*fixed, *properties)))

    def __missing__(self, name: str) -> Check | None:
        """The check of the field `name`; None when there is no such field."""
        schema = self._properties.get(name)
        if schema is None:
            return anything if self.is_open else None
        check = self[name] = self._compiler.compile(schema)
        return check


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


def _text(value: object) -> Faults:
    return None if isinstance(value, str) else [_wrong_type("a text", value)]


def _int_or_string(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
    kind = value.__class__
    if kind is str or kind is int or kind is float:
        return None
    return [_wrong_type("a number or a text", value)]


def _wrong_type(expected: str, value: object) -> Fault:
    return Fault((), f"must be {expected}, found {spell(value)}")


def _of_type(kind: str, *, is_nullable: bool) -> Check:
    classes, words = _TYPES[kind]
    if is_nullable:
        classes = (*classes, type(None))

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if value.__class__ in classes or (kind == "integer" and _is_whole(value)):
            return None
        return [_wrong_type(words, value)]

    return check


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def _object_check(
    fields: _Fields, required: tuple[str, ...], nullable: set[str], may_be_null: set[str] | None
) -> Check:
    """`nullable` may be null and there; `may_be_null` are the fields where null passes, None: all."""

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if value.__class__ is not dict:
            return [_wrong_type("keys with values", value)]
        found: Faults = None
        for name, item in value.items():
            field = fields[name]
            if field is None:
                what = f'there is no field "{name}" here'
                fault = Fault((name,), what, fields.known, is_unknown_key=True)
                found = [*(found or ()), fault]
            elif item is None and (may_be_null is None or name in may_be_null):
                continue
            elif faults := field(item):
                found = [*(found or ()), *(fault.below(name) for fault in faults)]
        for name in required:
            if value.get(name) is None and not (name in value and name in nullable):
                found = [*(found or ()), Fault((), f'the field "{name}" is missing')]
        return found

    return check


def _map_check(values: Check) -> Check:
    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if value.__class__ is not dict:
            return [_wrong_type("keys with values", value)]
        found: Faults = None
        for name, item in value.items():
            if item is not None and (faults := values(item)):
                found = [*(found or ()), *(fault.below(name) for fault in faults)]
        return found

    return check


def _array_check(items: Check | None, unique: Check | None) -> Check:
    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if value.__class__ is not list:
            return [_wrong_type("a list", value)]
        found: Faults = unique(value) if unique else None
        for position, item in enumerate(value if items else ()):
            if items and (faults := items(item)):
                found = [*(found or ()), *(fault.below(position) for fault in faults)]
        return found

    return check


def _unique_keys(schema: Schema) -> Check | None:
    """Entries of a list-map differ in their keys, those of a set in themselves."""
    keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
    is_set = schema.get("x-kubernetes-list-type") == "set" or bool(schema.get("uniqueItems"))
    if not keys and not is_set:
        return None

    def check(value: list[Any]) -> Faults:
        if len(value) < 2:
            return None
        found: list[Fault] = []
        seen: set[str] = set()
        for position, item in enumerate(value):
            key = repr([item.get(k) for k in keys] if keys and isinstance(item, dict) else item)
            if key in seen:
                what = f"an entry with the same {', '.join(keys) or 'value'} stands above"
                found.append(Fault((position,), what))
            seen.add(key)
        return found or None

    return check
