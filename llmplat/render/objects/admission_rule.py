"""What one admission policy consists of."""

from dataclasses import dataclass

from llmplat.render.objects.admission_terms import CONTAINERS, POD, SPEC
from llmplat.render.objects.shape import Object


@dataclass(frozen=True)
class Rule:
    """One policy: what it looks at, and what must hold."""

    validations: tuple[tuple[str, str], ...]
    """(what a refused person reads, CEL that must be true)"""
    variables: tuple[Object, ...] = ()
    resources: tuple[Object, ...] = ()
    """Empty: pods and all that pods are made from."""


POD_VARIABLES = (POD, SPEC, CONTAINERS)


def check(message: str, expression: str) -> tuple[str, str]:
    """One thing that must hold, and the sentence for whoever is refused."""
    return message, expression
