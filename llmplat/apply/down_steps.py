"""The steps of `down` in a cluster: what goes at which turn, and how."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llmplat.apply.down_scope import Scope, is_beside, our_namespaces
from llmplat.apply.going import Patience, await_gone, remove
from llmplat.apply.owned import APPLICATION_API
from llmplat.domain.cluster import MANAGED_BY, PLATFORM, Cluster, ObjectRef, ref_of
from llmplat.domain.ports import StepProgress
from llmplat.plan.cluster.applications import ARGO_CD


@dataclass(frozen=True)
class Step:
    """Objects that go together."""

    title: str
    going: tuple[ObjectRef, ...]
    act: Callable[[StepProgress], None]


def steps_of(
    scope: Scope, cluster: Cluster, patience: Patience, *, is_purge: bool
) -> Iterator[Step]:
    """What goes, in this order; each step looks at the cluster only when it is its turn."""

    def removing(title: str, refs: tuple[ObjectRef, ...]) -> Step:
        return Step(title, refs, lambda told: remove(cluster, refs, patience, told))

    def waiting(title: str, refs: tuple[ObjectRef, ...]) -> Step:
        return Step(title, refs, lambda told: await_gone(cluster, refs, patience, told))

    yield removing("routes", scope.ways.routes)
    yield removing("gateways", scope.ways.gateways)
    yield removing("load balancers", scope.ways.balancers)
    yield waiting("load balancers of gateways", scope.ways.balanced)
    wanted = tuple(volume.ref for volume in scope.volumes if volume.is_wanted_gone)
    # Pods still use them: they are gone only after the Applications.
    yield Step("volumes asked for", wanted, lambda _: _mark(cluster, wanted))
    for wave in sorted({one.wave for one in scope.applications}, reverse=True):
        refs = tuple(one.ref for one in scope.applications if one.wave == wave)
        yield removing(f"Applications of wave {wave}", refs)
    yield waiting("volumes", wanted)
    yield waiting("network endpoint groups", scope.ways.negs)
    yield removing("root", (scope.owned.root.ref,) if scope.owned.root else ())
    # Only now: Argo CD takes nothing away for an Application whose project is gone.
    yield removing("projects", tuple(_projects(scope)))
    yield _argo_cd(scope, cluster, patience)
    yield removing("what llmplat made beside them", tuple(_made(scope, is_purge=is_purge)))
    yield removing("namespaces", tuple(_namespaces(scope)))


def _mark(cluster: Cluster, refs: tuple[ObjectRef, ...]) -> None:
    for ref in refs:
        cluster.delete(ref)


def _projects(scope: Scope) -> Iterator[ObjectRef]:
    labels = {PLATFORM: scope.owned.platform, MANAGED_BY: "llmplat"}
    found = scope.owned.cluster.list(APPLICATION_API, "AppProject", ARGO_CD, labels)
    return (ref_of(it) for it in found)


def _argo_cd(scope: Scope, cluster: Cluster, patience: Patience) -> Step:
    """Argo CD cannot take itself away: its Application lets go of what it holds, and that is deleted."""
    own = scope.argo_cd
    if own is None or scope.others:
        return Step("Argo CD", (), lambda _: None)
    kept = {"CustomResourceDefinition", "Namespace"}
    refs = (own.ref, *(ref for ref in own.held if ref.kind not in kept))

    def act(told: StepProgress) -> None:
        if cluster.get(own.ref) is not None:
            cluster.patch(own.ref, {"metadata": {"finalizers": None}})
        remove(cluster, refs, patience, told)

    return Step("Argo CD", refs, act)


def _made(scope: Scope, *, is_purge: bool) -> Iterator[ObjectRef]:
    """Of the inventory, as far as it is there and ours; values of secrets only when asked for."""
    values = set(scope.secrets)
    for ref in scope.inventory.made if scope.inventory else ():
        is_elsewhere = ref.kind == "Namespace" or ref.group == "argoproj.io"
        if is_elsewhere or is_beside(ref) or ref in values:
            continue
        found = scope.owned.cluster.get(ref)
        if found is not None and scope.owned.has_directly(found):
            yield ref
    if is_purge:
        yield from scope.secrets


def _namespaces(scope: Scope) -> Iterator[ObjectRef]:
    """Those that no Application took with it and that hold nothing of anybody else."""
    kept = {one.name for one in scope.kept}
    if scope.argo_cd is None or scope.others:
        kept.add(ARGO_CD)
    for it in our_namespaces(scope.owned):
        if it["metadata"]["name"] not in kept:
            yield ref_of(it)
