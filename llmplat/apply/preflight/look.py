"""One look at a live cluster, shared by all checks so that each list is fetched once."""

from dataclasses import dataclass
from functools import cached_property

from llmplat.catalog.entries import Catalog
from llmplat.domain.cluster import PLATFORM, Cluster, ClusterIdentity, Object, ServedKind
from llmplat.domain.errors import Finding, Severity
from llmplat.domain.inventory import Inventory
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.cluster import ClusterPlan
from llmplat.plan.plan import Plan
from llmplat.spec.platform import Platform

CODE = "need-missing"


@dataclass(frozen=True)
class Look:
    """What the checks compare: the plan, the file, and the cluster as it is."""

    cluster: Cluster
    plan: Plan
    platform: Platform
    catalog: Catalog
    inventory: Inventory | None

    @property
    def wanted(self) -> ClusterPlan:
        """The cluster's part of the plan."""
        assert self.plan.cluster is not None  # noqa: S101 (only made for clusters)
        return self.plan.cluster

    @cached_property
    def identity(self) -> ClusterIdentity:
        """Which cluster this is."""
        return self.cluster.identity()

    @cached_property
    def kinds(self) -> dict[tuple[str, str], set[str]]:
        """(group, kind) -> versions served."""
        found: dict[tuple[str, str], set[str]] = {}
        for one in self.served:
            group, _, version = one.api_version.rpartition("/")
            found.setdefault((group, one.kind), set()).add(version)
        return found

    @cached_property
    def served(self) -> tuple[ServedKind, ...]:
        """Every kind that is served."""
        return self.cluster.kinds()

    @cached_property
    def crds(self) -> tuple[Object, ...]:
        """Every CustomResourceDefinition."""
        kind = "CustomResourceDefinition"
        return tuple(self.cluster.list("apiextensions.k8s.io/v1", kind))

    @cached_property
    def nodes(self) -> tuple[Object, ...]:
        """Every node."""
        return tuple(self.cluster.list("v1", "Node"))

    @cached_property
    def ours(self) -> frozenset[str]:
        """Applications of this platform that are there already."""
        labels = {PLATFORM: self.plan.platform}
        found = self.cluster.list("argoproj.io/v1alpha1", "Application", ARGO_CD, labels)
        return frozenset(one["metadata"]["name"] for one in found)

    def runs(self, component: str) -> bool:
        """Whether the plan has it."""
        return any(one.name == component for one in self.plan.components)


def missing(what: str, why: str, *fix: str) -> Finding:
    """Something in the way."""
    return Finding(CODE, what, why, fix)


def warning(what: str, why: str, *fix: str) -> Finding:
    """Something that may bite later."""
    return Finding(CODE, what, why, fix, severity=Severity.WARNING)


def note(what: str, why: str) -> Finding:
    """Something worth knowing."""
    return Finding(CODE, what, why, severity=Severity.NOTE)
