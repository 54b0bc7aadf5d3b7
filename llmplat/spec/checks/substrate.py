"""Exactly one substrate, and ports enough for its engines."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding
from llmplat.spec.checks.places import conflict
from llmplat.spec.platform import Platform
from llmplat.spec.tree import Tree

_KINDS = ("local", "cluster", "gke")
_LAST_PORT = 65_535


def check_substrate(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about the substrate."""
    given = [kind for kind in _KINDS if getattr(platform.substrate, kind) is not None]
    if not given:
        yield conflict(
            tree,
            "substrate names none of local, cluster and gke",
            "the platform must run somewhere; for an empty one write {}",
            "substrate: {local: {}}",
            ("substrate",),
        )
    if len(given) > 1:
        yield conflict(
            tree,
            f"substrate names {' and '.join(given)}",
            "a platform runs in one place",
            f"keep one of {', '.join(given)}",
            *(("substrate", kind) for kind in given),
        )
    yield from _ports(platform, tree)
    if given and given != ["local"]:
        yield from _gitops(platform, tree)


def _ports(platform: Platform, tree: Tree) -> Iterator[Finding]:
    local = platform.substrate.local
    engines = sum(model.replicas.max for model in platform.models if not model.external)
    if local is not None and local.port + engines > _LAST_PORT:
        yield conflict(
            tree,
            f"{engines} engines find no ports behind port {local.port}",
            f"engines take the ports behind the gateway's and {_LAST_PORT} is the last",
            "substrate: {local: {port: 4000}}",
            ("substrate", "local", "port"),
            ("models",),
        )


def _gitops(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """A cluster reads its manifests from somewhere, and from one place only."""
    gitops = platform.gitops
    places = [gitops.git, gitops.oci] if gitops else []
    if sum(place is not None for place in places) != 1:
        yield conflict(
            tree,
            f"gitops names {'both git and oci' if all(places) and places else 'no source'}",
            "Argo CD in the cluster follows one git repository or one OCI artifact",
            "gitops: {oci: {repository: registry.example.com/team/platform}}",
            ("gitops",),
            ("substrate",),
        )
