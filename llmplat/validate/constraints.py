"""The bounds that a schema sets on a value: length, size, pattern, choice."""

import re
from typing import Any

from llmplat.validate.faults import Check, Fault, Faults, Schema, spell

_LENGTHS: dict[str, tuple[type[str | list[Any] | dict[str, Any]], str, str]] = {
    "maxLength": (str, "at most", "characters"),
    "minLength": (str, "at least", "characters"),
    "maxItems": (list, "at most", "entries"),
    "minItems": (list, "at least", "entries"),
    "maxProperties": (dict, "at most", "keys"),
    "minProperties": (dict, "at least", "keys"),
}


def constraint_checks(schema: Schema) -> list[Check]:
    """One check for each bound of `schema`; a bound on another type than the value's is void."""
    checks = [_length(word, schema[word]) for word in _LENGTHS if word in schema]
    if "enum" in schema:
        checks.append(_choice(tuple(schema["enum"])))
    if "pattern" in schema:
        checks.extend(_pattern(schema["pattern"]))
    if "minimum" in schema or "maximum" in schema:
        checks.append(_range(schema))
    if "multipleOf" in schema:
        checks.append(_multiple(schema["multipleOf"]))
    return checks


def _length(word: str, bound: int) -> Check:
    kind, side, unit = _LENGTHS[word]
    is_most = word.startswith("max")

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        size = len(value) if isinstance(value, kind) else None
        if size is None or (size <= bound if is_most else size >= bound):
            return None
        return [Fault((), f"must have {side} {bound} {unit}, it has {size}")]

    return check


def _choice(allowed: tuple[Any, ...]) -> Check:
    words = tuple(str(item) for item in allowed if item != "")

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if value in allowed:
            return None
        return [Fault((), f"must be one of {', '.join(words)}, found {spell(value)}", words)]

    return check


def _pattern(pattern: str) -> list[Check]:
    """The check of `pattern`; none for what only Go's regexp understands (a CRD of the user's)."""
    try:
        search = re.compile(pattern, re.ASCII).search
    except re.error:
        return []

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if value.__class__ is not str or search(value):
            return None
        return [Fault((), f"must match {pattern}, found {spell(value)}")]

    return [check]


def _range(schema: Schema) -> Check:
    low, high = schema.get("minimum"), schema.get("maximum")
    above = bool(schema.get("exclusiveMinimum"))
    below = bool(schema.get("exclusiveMaximum"))

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        if low is not None and (value <= low if above else value < low):
            return [
                Fault((), f"must be {'more than' if above else 'at least'} {low}, found {value}")
            ]
        if high is not None and (value >= high if below else value > high):
            return [
                Fault((), f"must be {'less than' if below else 'at most'} {high}, found {value}")
            ]
        return None

    return check


def _multiple(step: float) -> Check:
    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value % step == 0:
            return None
        return [Fault((), f"must be a multiple of {step}, found {value}")]

    return check
