"""The shape of a value: a text, a number, a list whose entries differ, keys that were declared."""

from collections.abc import Callable
from typing import Any

from llmplat.validate.alternatives import anything
from llmplat.validate.faults import Check, Fault, Faults, Schema, spell

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list,), "a list"),
    "object": ((dict,), "keys with values"),
}


class Fields(dict[str, Check | None]):
    """The checks of an object's fields, compiled when a manifest first uses them."""

    def __init__(
        self,
        compile_one: Callable[[Schema], Check],
        properties: dict[str, Schema],
        fixed: dict[str, Check],
        *,
        is_open: bool,
    ) -> None:
        super().__init__(fixed)
        self._compile = compile_one
        self._properties = properties
        self.is_open = is_open
        self.known = tuple(dict.fromkeys((*fixed, *properties)))

    def __missing__(self, name: str) -> Check | None:
        """The check of the field `name`; None when there is no such field."""
        schema = self._properties.get(name)
        if schema is None:
            return anything if self.is_open else None
        check = self[name] = self._compile(schema)
        return check


def check_text(value: object) -> Faults:
    """A text and nothing else."""
    return None if isinstance(value, str) else [_wrong_type("a text", value)]


def check_number_or_text(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
    """A number or a text, as ports and quantities are."""
    kind = value.__class__
    if kind is str or kind is int or kind is float:
        return None
    return [_wrong_type("a number or a text", value)]


def _wrong_type(expected: str, value: object) -> Fault:
    return Fault((), f"must be {expected}, found {spell(value)}")


def of_type(kind: str, *, is_nullable: bool) -> Check:
    """The check of a plain type of OpenAPI; a float without a fraction is a whole number."""
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


def object_check(
    fields: Fields, required: tuple[str, ...], nullable: set[str], may_be_null: set[str] | None
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


def map_check(values: Check) -> Check:
    """The check of free keys, `values` that of what they hold."""

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if value.__class__ is not dict:
            return [_wrong_type("keys with values", value)]
        found: Faults = None
        for name, item in value.items():
            if item is not None and (faults := values(item)):
                found = [*(found or ()), *(fault.below(name) for fault in faults)]
        return found

    return check


def array_check(items: Check | None, unique: Check | None) -> Check:
    """The check of a list: each of `items`, and all of them beside each other."""

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if value.__class__ is not list:
            return [_wrong_type("a list", value)]
        found: Faults = unique(value) if unique else None
        for position, item in enumerate(value if items else ()):
            if items and (faults := items(item)):
                found = [*(found or ()), *(fault.below(position) for fault in faults)]
        return found

    return check


def unique_keys(schema: Schema) -> Check | None:
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
