"""What is wrong with the gke block of a platform file: every rule at once, each with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import Finding
from llmplat.plan.gke.cluster_facts import cluster_facts
from llmplat.plan.gke.pool_facts import pool_facts
from llmplat.plan.gke.rules import broken_rules, finding_of
from llmplat.spec.load import LoadedPlatform
from llmplat.spec.tree import Path

_GKE: Path = ("substrate", "gke")


def check_gke(loaded: LoadedPlatform, catalog: Catalog) -> tuple[Finding, ...]:
    """Findings in the order of the file; () for a platform that is not on GKE."""
    gke = loaded.platform.substrate.gke
    if gke is None:
        return ()
    found = list(_spoken("cluster", cluster_facts(loaded.platform, gke), _GKE, loaded))
    for index, pool in enumerate(gke.pools):
        facts = pool_facts(gke, pool, catalog)
        found += _spoken("pool", facts, (*_GKE, "pools", index), loaded)
    return tuple(sorted(found, key=lambda one: (one.where.line, one.where.column) if one.where else (0, 0)))


def _spoken(
    about: str, facts: Mapping[str, Any], path: Path, loaded: LoadedPlatform
) -> Iterator[Finding]:
    for rule in broken_rules(about, facts):
        places = [place for key in rule.at if (place := _place(key, path, loaded)) is not None]
        where, *also = [loaded.where(place) for place in places] or [loaded.where(path)]
        yield replace(finding_of(rule, facts), where=where, also=tuple(also))


def _place(key: str, path: Path, loaded: LoadedPlatform) -> Path | None:
    """The path of `key` where the file has it; keys with a slash start at the top."""
    wanted = tuple(key[1:].split("/")) if key.startswith("/") else (*path, key)
    return wanted if loaded.tree.get(wanted) is not None else None


