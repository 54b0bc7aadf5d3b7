"""Rules as data, held against a subject: a pool, the cluster, or a resource of the program."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmplat.catalog.gke import GkeRule, load_rules
from llmplat.domain.errors import Finding, Severity

CODE = "gke-rule"


def broken_rules(about: str, subject: Mapping[str, Any]) -> Iterator[GkeRule]:
    """The rules about `about` that speak of `subject`."""
    for rule in load_rules():
        if rule.about == about and all(_holds(subject.get(k), v) for k, v in rule.when.items()):
            yield rule


def finding_of(rule: GkeRule, subject: Mapping[str, Any]) -> Finding:
    """`rule` told of `subject`, without a place."""
    return Finding(
        code=f"{CODE}-{rule.name}",
        what=rule.what.format_map(subject),
        why=f"{rule.why.format_map(subject)} ({rule.source})",
        fix=(rule.fix.format_map(subject),),
        severity=Severity(rule.severity),
    )


def _holds(value: object, wanted: object) -> bool:
    """Whether `value` is as `wanted`: itself, given, absent, or a comparison."""
    if wanted == "given":
        return value is not None and value != ()
    if wanted == "absent":
        return value is None or value == ()
    if not isinstance(wanted, Mapping):
        return type(value) is type(wanted) and value == wanted
    ((comparison, bound),) = wanted.items()
    if comparison == "lacks":
        return isinstance(value, (list, tuple)) and bound not in value
    if not isinstance(value, (int, float)):
        return False
    return value > bound if comparison == "above" else value < bound
