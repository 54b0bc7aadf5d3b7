"""Turns weights, KV cache and the engine's own need into the memory one replica takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MemoryNeed:
    """Memory of one engine replica, item by item."""

    weights_bytes: int
    kv_cache_bytes: int
    overhead_bytes: int
    """Interpreter, libraries, activations."""

    @property
    def total_bytes(self) -> int:
        """All items together."""
        return self.weights_bytes + self.kv_cache_bytes + self.overhead_bytes
