"""Namespaces -> all that is in them."""

from collections.abc import Iterator

from llmplat.domain.cluster import Cluster, Object, group_of

_PASSING = {"Event", "Endpoints", "EndpointSlice", "Lease", "ControllerRevision", "PodMetrics"}
"""What Kubernetes makes and takes away by itself."""


def contents(cluster: Cluster, namespaces: frozenset[str]) -> Iterator[Object]:
    """Every object in `namespaces`, once whatever versions it is served in; one list a kind."""
    seen = set()
    for kind in cluster.kinds():
        name = (group_of(kind.api_version), kind.kind)
        is_listed = not kind.verbs or "list" in kind.verbs
        if not kind.is_namespaced or not is_listed or kind.kind in _PASSING or name in seen:
            continue
        seen.add(name)
        for it in cluster.list(kind.api_version, kind.kind):
            if it["metadata"].get("namespace") in namespaces:
                yield it
