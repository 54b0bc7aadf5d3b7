"""Timeouts must nest: client > gateway > engine."""

from collections.abc import Iterator
from itertools import pairwise

from llmplat.domain.errors import Finding
from llmplat.spec.checks.places import conflict
from llmplat.spec.platform import Platform
from llmplat.spec.tree import Tree

_CHAIN = ("client", "gateway", "engine")


def check_timeouts(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about timeouts that end before what they wait for."""
    seconds = {name: getattr(platform.timeouts, f"{name}_s") for name in _CHAIN}
    for outer, inner in pairwise(_CHAIN):
        if seconds[outer] <= seconds[inner]:
            yield conflict(
                tree,
                f"timeouts.{outer} ({seconds[outer]:g}s) must be longer than "
                f"timeouts.{inner} ({seconds[inner]:g}s)",
                f"else the {outer} gives up while the {inner} still works on the request",
                "timeouts: {client: 660s, gateway: 600s, engine: 590s}",
                ("timeouts", outer),
                ("timeouts", inner),
            )
    cache = tree.get(("gateway", "cache"))
    if isinstance(cache, dict) and "ttl" in cache and not platform.gateway.cache.enabled:
        yield conflict(
            tree,
            "gateway.cache.ttl is set but the cache is off",
            "nothing is kept, so nothing ends",
            "gateway: {cache: {enabled: true, ttl: 5m}}",
            ("gateway", "cache", "ttl"),
            ("gateway", "cache", "enabled"),
        )
