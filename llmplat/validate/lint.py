"""Runs every check of llmplat/validate/checks; a check is one file with `find`."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from llmplat.domain.errors import Finding, Severity
from llmplat.validate import checks
from llmplat.validate.objects import Objects
from llmplat.validate.positions import Positions
from llmplat.validate.schemas import name_of
from llmplat.validate.smell import Smell


@dataclass(frozen=True)
class Lint:
    """One check."""

    name: str
    """Its file's name, with dashes."""
    title: str
    """First line of its docstring."""
    why: str
    """The rest of its docstring."""
    find: Callable[[Objects], Iterator[Smell]]


@cache
def all_lints() -> tuple[Lint, ...]:
    """Every check there is, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(checks.__path__))
    return tuple(_load(name) for name in names)


def run_lints(objects: Objects, positions: Positions) -> Iterator[Finding]:
    """What every check finds in `objects`."""
    for lint in all_lints():
        for smell in lint.find(objects):
            yield _finding(lint, smell, positions)


def _load(name: str) -> Lint:
    module = importlib.import_module(f"{checks.__name__}.{name}")
    title, _, why = inspect.cleandoc(module.__doc__ or "").partition("\n")
    return Lint(name.replace("_", "-"), title, " ".join(why.split()), module.find)


def _finding(lint: Lint, smell: Smell, positions: Positions) -> Finding:
    return Finding(
        f"check-{lint.name}",
        f"{name_of(smell.object.value)}: {smell.what}.",
        why=lint.why,
        fix=(smell.fix,),
        where=positions.where(smell.object.document, smell.path),
        severity=Severity.WARNING if smell.is_mild else Severity.ERROR,
    )
