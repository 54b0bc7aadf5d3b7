"""A tree and the cluster it was brought to -> what differs there, and what the cloud would change."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import yaml

from llmplat.apply.contents import listed_kinds
from llmplat.apply.gitops_hold import is_let_go
from llmplat.apply.owned import TRACKING, Owned, find_owned
from llmplat.domain.cluster import (
    FIELD_MANAGER,
    MANAGED_BY,
    PLATFORM,
    Cluster,
    ClusterIdentity,
    Object,
    ObjectRef,
    ref_of,
)
from llmplat.domain.errors import ClusterError
from llmplat.domain.inventory import NAMESPACE as SYSTEM
from llmplat.domain.inventory import Inventory
from llmplat.plan.cluster.secrets import BACKEND_NAMESPACE
from llmplat.render.tree import MARKER, ROOT_FILE, Tree
from llmplat.render.tree_diff import ObjectChange, TreeAct, describe_change

ARGO_CD_MANAGER = "argocd-controller"
"""Whose the fields are that Argo CD applies: only as that manager does a removed field show."""
_TRACKING_LABEL = "app.kubernetes.io/instance"
_SERVERS_OWN = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
_AT_ONCE = 8
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Unsettled:
    """An Application that is not Synced and Healthy."""

    name: str
    sync: str
    health: str
    why: str


@dataclass(frozen=True)
class CloudChange:
    """What the provisioner would do with one resource."""

    act: str
    what: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class LiveDiffReport:
    """Everything in which cluster and cloud differ from the file."""

    platform: str
    cluster: ClusterIdentity
    changes: tuple[ObjectChange, ...]
    """What applying the tree would add, change and remove."""
    unsettled: tuple[Unsettled, ...]
    cloud: tuple[CloudChange, ...]
    notes: tuple[str, ...] = ()
    """What was not compared, and why."""

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.changes or self.unsettled or self.cloud)


@dataclass(frozen=True)
class _Wanted:
    manifest: Object
    manager: str


def make_live_diff(
    tree: Tree,
    cluster: Cluster,
    inventory: Inventory | None,
    preview: Callable[[], Iterable[CloudChange]] | None = None,
) -> LiveDiffReport:
    """Compare object by object by server-side apply as a dry run, so that defaults do not show.

    Nothing is changed. `preview` is what the cloud would change; None where llmplat made no ground.
    """
    owned, wanted = find_owned(cluster, tree.platform), tuple(_objects(tree))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        compared = list(pool.map(lambda one: _compare(cluster, one), wanted))
    changes = [change for change in compared if change is not None]
    made = {*(inventory.made if inventory else ())}
    changes += _beside(owned, {ref_of(one.manifest) for one in wanted}, made)
    return LiveDiffReport(
        platform=tree.platform,
        cluster=cluster.identity(),
        changes=tuple(sorted(changes, key=lambda it: (it.kind, it.namespace, it.name))),
        unsettled=tuple(_unsettled(owned)),
        cloud=tuple(preview()) if preview else (),
        notes=("what charts hold is compared by Argo CD: see the Applications",),
    )


def _objects(tree: Tree) -> Iterator[_Wanted]:
    for file in tree.files:
        if file.path == MARKER:
            continue
        manager = FIELD_MANAGER if file.path == ROOT_FILE else ARGO_CD_MANAGER
        for it in yaml.load_all(file.content, Loader=_Loader):
            if isinstance(it, dict) and "kind" in it:
                yield _Wanted(it, manager)


def _compare(cluster: Cluster, wanted: _Wanted) -> ObjectChange | None:
    ref = ref_of(wanted.manifest)
    kind, namespace = f"{ref.group}/{ref.kind}", ref.namespace or ""
    live = cluster.get(ref)
    if live is None:
        return ObjectChange(TreeAct.ADD, kind, namespace, ref.name, ())
    try:
        applied = cluster.apply(
            wanted.manifest, is_forced=True, is_dry_run=True, manager=wanted.manager
        )
    except ClusterError as error:
        refused = f"  the API server refuses the change: {error.why or error.what}"
        return ObjectChange(TreeAct.CHANGE, kind, namespace, ref.name, (refused,))
    details = tuple(describe_change(_told(live), _told(applied)))
    if not details:
        return None
    return ObjectChange(TreeAct.CHANGE, kind, namespace, ref.name, details)


def _told(thing: Mapping[str, Any]) -> Object:
    """Without what the API server, Argo CD and controllers write on every object."""
    metadata = {k: v for k, v in thing["metadata"].items() if k not in _SERVERS_OWN}
    for key, own in (("annotations", TRACKING), ("labels", _TRACKING_LABEL)):
        kept = {k: v for k, v in (metadata.pop(key, None) or {}).items() if k != own}
        if kept:
            metadata[key] = kept
    rest = {k: v for k, v in thing.items() if k not in {"metadata", "status", "operation"}}
    return {**rest, "metadata": metadata}


def _beside(owned: Owned, wanted: set[ObjectRef], made: set[ObjectRef]) -> Iterator[ObjectChange]:
    """Objects of ours that the tree does not have any more."""
    labels = {PLATFORM: owned.platform, MANAGED_BY: "llmplat"}
    known = {(it.group, it.kind, it.namespace, it.name) for it in {*wanted, *made}}
    for kind in listed_kinds(owned.cluster):
        for it in owned.cluster.list(kind.api_version, kind.kind, labels=labels):
            ref = ref_of(it)
            if (ref.group, ref.kind, ref.namespace, ref.name) in known or _is_llmplats(it, ref):
                continue
            yield ObjectChange(
                TreeAct.REMOVE, f"{ref.group}/{ref.kind}", ref.namespace or "", ref.name, ()
            )


def _is_llmplats(thing: Object, ref: ObjectRef) -> bool:
    """What has an owner, what llmplat keeps for itself, and data that was left on purpose."""
    is_system = SYSTEM in {ref.namespace, ref.name if ref.kind == "Namespace" else ""}
    is_value = ref.kind == "Secret" and ref.namespace == BACKEND_NAMESPACE
    is_data = ref.kind == "PersistentVolumeClaim" or is_let_go(thing)
    return bool(thing["metadata"].get("ownerReferences")) or is_system or is_value or is_data


def _unsettled(owned: Owned) -> Iterator[Unsettled]:
    for one in owned.applications:
        status = one.live.get("status") or {}
        sync = str((status.get("sync") or {}).get("status", "Unknown"))
        health = str((status.get("health") or {}).get("status", "Unknown"))
        if (sync, health) != ("Synced", "Healthy"):
            yield Unsettled(one.name, sync, health, _why(status))


def _why(status: Mapping[str, Any]) -> str:
    """What the Application says, else which of its objects is not as it should be."""
    said = [str(one.get("message", "")) for one in status.get("conditions") or ()]
    said.append(str((status.get("operationState") or {}).get("message", "")))
    wrong = [
        f"{one['kind']} {one['name']} {one.get('status', '')}".strip()
        for one in status.get("resources") or ()
        if one.get("status") == "OutOfSync"
        or (one.get("health") or {}).get("status", "Healthy") != "Healthy"
    ]
    return "; ".join([*filter(None, said), *wrong[:3]])[:400]
