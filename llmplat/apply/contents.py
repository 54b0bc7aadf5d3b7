"""A cluster -> its kinds, and all that is in some of its namespaces."""

from collections.abc import Iterator

from llmplat.domain.cluster import Cluster, Object, ServedKind, group_of

_PASSING = {"Event", "Endpoints", "EndpointSlice", "Lease", "ControllerRevision", "PodMetrics"}
"""What Kubernetes makes and takes away by itself; some of it copies the labels of what it is for."""


def listed_kinds(cluster: Cluster) -> Iterator[ServedKind]:
    """Every kind that can be listed, in one version; what Kubernetes makes by itself left out."""
    seen = set(_PASSING)
    for kind in cluster.kinds():
        name = f"{group_of(kind.api_version)}/{kind.kind}"
        is_listed = not kind.verbs or "list" in kind.verbs
        if is_listed and not {name, kind.kind} & seen:
            seen.add(name)
            yield kind


def contents(cluster: Cluster, namespaces: frozenset[str]) -> Iterator[Object]:
    """Every object in `namespaces`; one list a kind."""
    for kind in listed_kinds(cluster):
        if kind.is_namespaced:
            for it in cluster.list(kind.api_version, kind.kind):
                if it["metadata"].get("namespace") in namespaces:
                    yield it
