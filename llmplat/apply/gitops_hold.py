"""Keeps Argo CD from undoing what is taken away: automation off, and what is to stay marked so."""

from collections.abc import Iterable

from llmplat.apply.down_scope import Volume
from llmplat.apply.gitops_syncs import ENDING, RUNNING, end_sync, phase_of
from llmplat.apply.going import Patience
from llmplat.apply.owned import TRACKING, Application, Owned, annotation_of
from llmplat.domain.cluster import MANAGED_BY, PLATFORM, Cluster, Object, ObjectRef, ref_of
from llmplat.render.argocd import SYNC_OPTIONS

KEEP = "Prune=false,Delete=false"
_ENDING_S = 30.0
"""Argo CD ends an operation at once, where it runs at all."""


def hold(cluster: Cluster, applications: Iterable[Application], patience: Patience) -> None:
    """Stop the automatic sync of `applications`, the root first; its next sync puts it back.

    A sync that runs, or is tried again and again, is ended too: it would go on making things.
    ClusterError where one cannot be changed.
    """
    ordered = sorted(applications, key=lambda it: bool(it.layer))
    for one in ordered:
        policy = (one.live.get("spec") or {}).get("syncPolicy") or {}
        if policy.get("automated") is not None:
            cluster.patch(one.ref, {"spec": {"syncPolicy": {"automated": None}}})
        if phase_of(one.live) == RUNNING:
            end_sync(cluster, one.live)
    end_s = patience.now_s() + min(patience.timeout_s, _ENDING_S)
    for one in ordered:
        while _is_busy(cluster.get(one.ref)) and patience.now_s() < end_s:
            patience.sleep(patience.poll_s)


def _is_busy(application: Object | None) -> bool:
    return application is not None and phase_of(application) in {RUNNING, ENDING}


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
