"""No check breaks on a value of another shape: each place of each example, each odd value."""

import math
from typing import Any

import pytest

from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import read_all
from llmplat.validate.lint import run_lints
from llmplat.validate.objects import Objects
from llmplat.validate.positions import Positions
from tests.odd_values import Path, Steps, odd_at, places
from tests.unit.validate.examples import NAMES, example

ODD: tuple[Any, ...] = (
    None, True, -1.5, math.inf, 10**400, "", "²", "9" * 5000, [], [None], ["²"], {}, {"name": ["x"]},
)  # fmt: skip
"""What somebody's template may leave: `"²".isdigit()` is true, `int` reads no 5,000 digits."""


def not_its_kind(path: Path, steps: Steps) -> Steps:
    """Without what says which kind of object it is."""
    return [(step, item) for step, item in steps if path or step not in {"apiVersion", "kind"}]


@pytest.mark.parametrize("side", ["good", "bad"])
@pytest.mark.parametrize("name", NAMES)
def test_no_check_breaks(name: str, side: str) -> None:
    manifests: list[Manifest] = example(name, side)
    documents, unreadable = read_all(manifests)
    assert documents
    assert not unreadable
    positions = Positions(manifests)
    for document in documents:
        for path in list(places(document.value, not_its_kind)):
            for odd in ODD:
                with odd_at(document.value, path, odd):
                    list(run_lints(Objects(documents), positions))
