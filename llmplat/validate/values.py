"""The values of charts against what each chart knows: charts ignore an unknown key silently."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding
from llmplat.validate.objects import Objects
from llmplat.validate.positions import Positions


def check_values(objects: Objects, positions: Positions) -> Iterator[Finding]:
    """X."""
    yield from ()
