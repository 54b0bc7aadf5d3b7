"""The node pools of one cluster in the cloud, as `pause` needs them: their limits and their size."""

from collections.abc import Mapping
from typing import Any, Protocol

Limits = Mapping[str, Any]
"""How far a pool grows and shrinks by itself, as the cloud spells it."""


class NodePools(Protocol):
    """Pools by name. Methods raise CloudError and its kinds, TimedOutError for a late operation."""

    def limits(self, pool: str) -> Limits | None:
        """Its limits; None when there is no such pool. Empty: it does not grow by itself."""
        ...

    def set_limits(self, pool: str, limits: Limits) -> None:
        """Give it these limits; returns when they hold."""
        ...

    def resize(self, pool: str, nodes: int) -> None:
        """Have so many machines in each of its zones; returns when they are there, or gone."""
        ...
