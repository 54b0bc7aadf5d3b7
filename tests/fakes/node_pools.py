"""Node pools in memory (NodePools): limits and sizes, and everything that was asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from llmplat.domain.node_pools import Limits


@dataclass
class FakeNodePools:
    """`held` are limits by pool; `before` may raise ahead of any change."""

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    """Machines in each zone."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def limits(self, pool: str) -> Limits | None:
        return dict(self.held[pool]) if pool in self.held else None

    def set_limits(self, pool: str, limits: Limits) -> None:
        self.before()
        self.asked.append(("limits", pool, dict(limits)))
        self.held[pool] = dict(limits)

    def resize(self, pool: str, nodes: int) -> None:
        self.before()
        self.asked.append(("size", pool, nodes))
        self.sizes[pool] = nodes
