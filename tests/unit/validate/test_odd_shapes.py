"""No check breaks on a value of another shape: each place of each example, each odd value."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import Document, read_all
from llmplat.validate.lint import run_lints
from llmplat.validate.objects import Objects
from llmplat.validate.positions import Positions
from tests.unit.validate.examples import NAMES, example

ODD: tuple[Any, ...] = (
    None, True, -1.5, math.inf, 10**400, "", "²", "9" * 5000, [], [None], ["²"], {}, {"name": ["x"]},
)  # fmt: skip
"""What somebody's template may leave: `"²".isdigit()` is true, `int` reads no 5,000 digits."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place below `value`, but what says which kind of object it is."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, item in steps:
        if path or step not in {"apiVersion", "kind"}:
            yield (*path, step)
            if isinstance(item, dict | list):
                yield from places(item, (*path, step))


@contextmanager
def odd_at(document: Document, path: tuple[str | int, ...], odd: Any) -> Iterator[None]:
    """`odd` at `path` of `document` for a while."""
    holder = document.value
    for step in path[:-1]:
        holder = holder[step]
    kept, holder[path[-1]] = holder[path[-1]], copy.deepcopy(odd)
    yield
    holder[path[-1]] = kept


@pytest.mark.parametrize("side", ["good", "bad"])
@pytest.mark.parametrize("name", NAMES)
def test_no_check_breaks(name: str, side: str) -> None:
    manifests: list[Manifest] = example(name, side)
    documents, unreadable = read_all(manifests)
    assert documents
    assert not unreadable
    positions = Positions(manifests)
    for document in documents:
        for path in list(places(document.value)):
            for odd in ODD:
                with odd_at(document, path, odd):
                    list(run_lints(Objects(documents), positions))
