"""A platform in a cluster -> nothing of it: ways in first, then what stands behind them, then the ground."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from llmplat.apply.cluster_claim import Held
from llmplat.apply.cluster_inventory import read_inventory, refuse_other
from llmplat.apply.down_scope import Scope, find_scope
from llmplat.apply.down_stay import CostOf, Stay, stays_of, unknown_cost
from llmplat.apply.down_steps import Step, steps_of
from llmplat.apply.down_ways import mark_going
from llmplat.apply.gitops_hold import hold, keep, keep_volume
from llmplat.apply.going import Patience, remove
from llmplat.domain.cluster import (
    Cluster,
    ClusterIdentity,
    ObjectRef,
)
from llmplat.domain.errors import InputError
from llmplat.domain.inventory import NAMESPACE as SYSTEM
from llmplat.domain.inventory import REF
from llmplat.domain.ports import Progress, StepProgress
from llmplat.plan.cluster.applications import ARGO_CD

_SYSTEM = ObjectRef("v1", "Namespace", None, SYSTEM)


class Cloud(Protocol):
    """The ground that llmplat made under the cluster; nothing for a cluster that was there."""

    def planned(self) -> tuple[str, ...]:
        """What would be removed, one line each; deletion protection that is switched off said too."""
        ...

    def has_cluster(self) -> bool:
        """Whether the cluster itself is still there, as the state has it."""
        ...

    def destroy(self, progress: Progress) -> tuple[str, ...]:
        """Remove it and say what went; safe to run again."""
        ...


@dataclass(frozen=True)
class DownClusterWish:
    """How far `down` is to go."""

    platform: str
    delete_volumes: frozenset[str] = frozenset()
    """Claims as "namespace/name"."""
    is_purge: bool = False
    """Secret values that the cluster keeps go too."""
    is_dry_run: bool = False


@dataclass(frozen=True)
class DownClusterTools:
    """What `down` needs of the world."""

    cluster: Cluster
    claim: Callable[[], AbstractContextManager[Held]]
    """Holds the platform for one run; BusyError when another run holds it."""
    cloud: Cloud | None = None
    patience: Patience = field(default_factory=Patience)
    cost_of: CostOf = unknown_cost


@dataclass(frozen=True)
class Removal:
    """One thing that went, or would go."""

    step: str
    what: str


@dataclass(frozen=True)
class DownClusterReport:
    """What was removed (or would be) in this order, and what stays."""

    platform: str
    cluster: ClusterIdentity
    is_dry_run: bool
    removed: tuple[Removal, ...]
    stays: tuple[Stay, ...]


def find(wish: DownClusterWish, tools: DownClusterTools) -> Scope:
    """What is there of the platform; nothing is changed."""
    inventory = read_inventory(tools.cluster)
    refuse_other(inventory, wish.platform, inventory.project if inventory else "")
    scope = find_scope(
        tools.cluster, wish.platform, inventory, wish.delete_volumes, is_purge=wish.is_purge
    )
    _refuse_others_volumes(wish, scope)
    return scope


def _refuse_others_volumes(wish: DownClusterWish, scope: Scope) -> None:
    """InputError for a volume that is there and not the platform's; one that is gone is gone."""
    ours = {f"{one.ref.namespace}/{one.ref.name}" for one in scope.volumes}
    for name in sorted(wish.delete_volumes - ours):
        namespace, _, claim = name.partition("/")
        ref = ObjectRef("v1", "PersistentVolumeClaim", namespace, claim)
        if scope.owned.cluster.get(ref) is not None:
            raise InputError(
                f"The volume {name} is not the platform's.",
                "only volumes of the platform can be deleted, and each by its own name",
                ("llmplat down --dry-run    # lists them",),
            )


def down_cluster(
    wish: DownClusterWish, tools: DownClusterTools, progress: Progress
) -> DownClusterReport:
    """Remove the platform step by step; each looks at what is there, so that a broken run goes on.

    Raises:
        BusyError: another run holds the platform.
        InputError: a volume that was named is not the platform's.
        PreconditionError: the cluster holds another platform.
        TimedOutError: an object does not go; run again, it goes on from there.
    """
    scope, identity = find(wish, tools), tools.cluster.identity()
    has_cloud = tools.cloud is not None
    stays = stays_of(scope, is_purge=wish.is_purge, has_cloud=has_cloud, cost_of=tools.cost_of)
    removed = (
        tuple(_planned(scope, wish, tools))
        if wish.is_dry_run
        else tuple(_done(scope, wish, tools, progress))
    )
    return DownClusterReport(wish.platform, identity, wish.is_dry_run, removed, stays)


def down_cloud(wish: DownClusterWish, cloud: Cloud, progress: Progress) -> DownClusterReport:
    """Remove the ground of a cluster that is gone: nobody is left to ask about what was in it."""
    lines = cloud.planned() if wish.is_dry_run else cloud.destroy(progress)
    gone = ClusterIdentity("a cluster that is gone", "no address any more", "")
    removed = tuple(Removal("cloud", line) for line in lines)
    return DownClusterReport(wish.platform, gone, wish.is_dry_run, removed, ())


def _planned(scope: Scope, wish: DownClusterWish, tools: DownClusterTools) -> Iterator[Removal]:
    for step in _steps(scope, wish, tools):
        yield from (Removal(step.title, str(ref)) for ref in step.going)
    yield from (Removal("inventory", str(ref)) for ref in _records(scope))
    if tools.cloud is not None:
        yield from (Removal("cloud", line) for line in tools.cloud.planned())


def _done(
    scope: Scope, wish: DownClusterWish, tools: DownClusterTools, progress: Progress
) -> Iterator[Removal]:
    if _is_there(scope, wish, tools):
        yield from _remove_all(scope, wish, tools, progress)
    if tools.cloud is not None:
        yield from (Removal("cloud", line) for line in tools.cloud.destroy(progress))


def _is_there(scope: Scope, wish: DownClusterWish, tools: DownClusterTools) -> bool:
    """Whether anything is left to do in the cluster."""
    has_records = next(_records(scope), None) is not None
    return has_records or any(step.going for step in _steps(scope, wish, tools))


def _remove_all(
    scope: Scope, wish: DownClusterWish, tools: DownClusterTools, progress: Progress
) -> Iterator[Removal]:
    with tools.claim() as held:
        _prepare(scope, tools.cluster, tools.patience)
        for step in _steps(scope, wish, tools):
            held.check()
            if step.going:
                with progress.step(step.title) as told:
                    step.act(told)
                yield from (Removal(step.title, str(ref)) for ref in step.going)
    with progress.step("inventory") as told:
        yield from (Removal("inventory", str(ref)) for ref in _end(scope, tools, told))


def _prepare(scope: Scope, cluster: Cluster, patience: Patience) -> None:
    """Nothing may bring back what goes, and nothing may take what stays."""
    hold(cluster, scope.owned.applications, patience)
    mark_going(scope.owned, scope.ways)
    for volume in scope.volumes:
        keep_volume(scope.owned, volume)
    # Argo CD runs in the one, our claim and inventory are in the other: both go last.
    names = {one.name for one in scope.kept} | {ARGO_CD, SYSTEM}
    for name in sorted(names):
        found = cluster.get(ObjectRef("v1", "Namespace", None, name))
        if found is not None and scope.owned.has_directly(found):
            keep(cluster, found)


def _records(scope: Scope) -> Iterator[ObjectRef]:
    """The inventory, and the namespace that llmplat keeps it in."""
    cluster = scope.owned.cluster
    if cluster.get(REF) is not None:
        yield REF
    found = cluster.get(_SYSTEM)
    if found is not None and scope.owned.has_directly(found):
        yield _SYSTEM


def _end(scope: Scope, tools: DownClusterTools, told: StepProgress) -> Iterator[ObjectRef]:
    """The inventory last: as long as it is there, `down` knows that it is not done."""
    for ref in _records(scope):
        remove(tools.cluster, (ref,), tools.patience, told)
        yield ref


def _steps(scope: Scope, wish: DownClusterWish, tools: DownClusterTools) -> Iterator[Step]:
    return steps_of(scope, tools.cluster, tools.patience, is_purge=wish.is_purge)
