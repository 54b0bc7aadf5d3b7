"""Checks put together: all of them, some of them, none of them."""

from collections.abc import Mapping
from typing import Any

from llmplat.validate.faults import Check, Fault, Faults


def anything(_: object) -> Faults:
    """The check that every value passes."""
    return None


def all_of(checks: list[Check]) -> Check:
    """Every one of `checks`, up to the first that finds something."""
    if len(checks) == 1:
        return checks[0]
    if not checks:
        return anything

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        for one in checks:
            if faults := one(value):
                return faults
        return None

    return check


def filled(check: Check, defaults: Mapping[str, Any]) -> Check:
    """`check` on a value with its defaults, as the API server fills them in before it chooses."""

    def with_defaults(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        return check({**defaults, **value} if isinstance(value, dict) else value)

    return with_defaults


def some_of(checks: list[Check], *, exactly_one: bool) -> Check:
    """anyOf, or oneOf when `exactly_one`."""

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        answers = [one(value) for one in checks]
        passed = sum(1 for faults in answers if not faults)
        if passed == 1 or (passed and not exactly_one):
            return None
        if passed:
            return [Fault((), f"{passed} alternatives fit where exactly one may")]
        reasons = dict.fromkeys(fault.what for faults in answers for fault in faults or ())
        return [Fault((), f"none of the alternatives fits: {'; or '.join(reasons)}")]

    return check


def none_of(refused: Check) -> Check:
    """not: what `refused` finds nothing wrong with."""

    def check(value: Any) -> Faults:  # noqa: ANN401 (a value of a manifest)
        return None if refused(value) else [Fault((), "this combination is not allowed")]

    return check
