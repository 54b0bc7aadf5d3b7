"""Keeps Argo CD from undoing what is taken away: automation off, and what is to stay marked so."""

from collections.abc import Iterable

from llmplat.apply.down_scope import Volume
from llmplat.apply.owned import TRACKING, Application, Owned, annotation_of
from llmplat.domain.cluster import MANAGED_BY, PLATFORM, Cluster, Object, ObjectRef, ref_of
from llmplat.render.argocd import SYNC_OPTIONS

KEEP = "Prune=false,Delete=false"


def hold(cluster: Cluster, applications: Iterable[Application]) -> None:
    """Stop the automatic sync of `applications`, the root first; its next sync puts it back.

    ClusterError where one cannot be changed.
    """
    for one in sorted(applications, key=lambda it: bool(it.layer)):
        policy = (one.live.get("spec") or {}).get("syncPolicy") or {}
        if policy.get("automated") is not None:
            cluster.patch(one.ref, {"spec": {"syncPolicy": {"automated": None}}})


def keep(cluster: Cluster, thing: Object) -> None:
    """Have Argo CD leave `thing` in place when its Application goes."""
    if annotation_of(thing, SYNC_OPTIONS) != KEEP:
        cluster.patch(ref_of(thing), {"metadata": {"annotations": {SYNC_OPTIONS: KEEP}}})


def let_go(cluster: Cluster, ref: ObjectRef) -> None:
    """Have `ref` be part of no Application any more; it stays the platform's by its labels."""
    if cluster.get(ref) is not None:
        marks = {TRACKING: None, SYNC_OPTIONS: KEEP}
        labels = {"app.kubernetes.io/instance": None}
        cluster.patch(ref, {"metadata": {"annotations": marks, "labels": labels}})


def is_let_go(thing: Object) -> bool:
    """Whether `let_go` was here."""
    return annotation_of(thing, SYNC_OPTIONS) == KEEP and not annotation_of(thing, TRACKING)


def keep_volume(owned: Owned, volume: Volume) -> None:
    """Have a claim outlive its pods, and carry the platform's labels: it is known as ours later too."""
    metadata = volume.live["metadata"]
    labels = {MANAGED_BY: "llmplat", PLATFORM: owned.platform}
    if not labels.items() <= (metadata.get("labels") or {}).items():
        owned.cluster.patch(volume.ref, {"metadata": {"labels": labels}})
    if volume.is_wanted_gone:
        return
    keep(owned.cluster, volume.live)
    for owner in metadata.get("ownerReferences") or ():
        _retain(
            owned.cluster, ObjectRef("apps/v1", "StatefulSet", volume.ref.namespace, owner["name"])
        )
    if metadata.get("ownerReferences"):
        owned.cluster.patch(volume.ref, {"metadata": {"ownerReferences": None}})


def _retain(cluster: Cluster, ref: ObjectRef) -> None:
    """A StatefulSet that would take its claims with it is told not to."""
    if cluster.get(ref) is not None:
        policy = {"whenDeleted": "Retain", "whenScaled": "Retain"}
        cluster.patch(ref, {"spec": {"persistentVolumeClaimRetentionPolicy": policy}})
