"""Deletes objects and waits until they are gone; names the one that does not go, and who holds it."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llmplat.apply.contents import contents
from llmplat.apply.owned import APPLICATION_API, annotation_of
from llmplat.domain.cluster import Cluster, Object, ObjectRef
from llmplat.domain.errors import Finding, TimedOutError
from llmplat.domain.ports import StepProgress
from llmplat.domain.units import format_duration
from llmplat.plan.cluster.applications import ARGO_CD

APPROVED = "argocd.argoproj.io/deletion-approved"
_DEPENDENTS = (
    ("apps/v1", "ReplicaSet"),
    ("batch/v1", "Job"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "PersistentVolumeClaim"),
)
_DEEPEST = 4
_HOLDERS = {
    "resources-finalizer.argocd.argoproj.io": "Argo CD's application controller",
    "service.kubernetes.io/load-balancer-cleanup": "the cloud's load balancer controller",
    "kubernetes.io/pvc-protection": "Kubernetes, while a pod uses it",
    "kubernetes.io/pv-protection": "Kubernetes, while a claim is bound to it",
    "foregroundDeletion": "Kubernetes, until everything it owns is gone",
    "kueue.x-k8s.io/resource-in-use": "Kueue, while workloads use it",
    "networking.gke.io/neg-finalizer": "GKE's NEG controller",
}


@dataclass(frozen=True)
class Patience:
    """How long to wait for what goes late."""

    timeout_s: float = 600.0
    """For each step."""
    poll_s: float = 1.0
    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def remove(
    cluster: Cluster, refs: Sequence[ObjectRef], patience: Patience, step: StepProgress
) -> None:
    """Delete all of `refs` at once and wait until each is gone; TimedOutError naming one that stays."""
    for ref in refs:
        cluster.delete(ref)
    await_gone(cluster, refs, patience, step)


def await_gone(
    cluster: Cluster, refs: Iterable[ObjectRef], patience: Patience, step: StepProgress
) -> None:
    """Return when none of `refs` is there; TimedOutError naming one that stays and who holds it."""
    left, end_s = list(refs), patience.now_s() + patience.timeout_s
    while True:
        found = [(ref, live) for ref in left if (live := cluster.get(ref)) is not None]
        if not found:
            return
        left = [ref for ref, _ in found]
        for ref, live in found:
            _approve(cluster, ref, live)
        step.detail(f"waiting for {left[0]}" + (f" and {len(left) - 1} more" if left[1:] else ""))
        if patience.now_s() >= end_s:
            raise _late(cluster, [live for _, live in found], patience.timeout_s)
        patience.sleep(patience.poll_s)


def _approve(cluster: Cluster, ref: ObjectRef, live: Object) -> None:
    """Tell Argo CD the yes that `down` was given: it asks for one before it removes what holds data."""
    deleted = live["metadata"].get("deletionTimestamp")
    if ref.kind == "Application" and deleted and annotation_of(live, APPROVED) != deleted:
        cluster.patch(ref, {"metadata": {"annotations": {APPROVED: deleted}}})


def _late(cluster: Cluster, left: Sequence[Object], waited_s: float) -> TimedOutError:
    findings = tuple(_finding(cluster, one) for one in left)
    first = findings[0]
    return TimedOutError(
        first.what,
        why=f"{first.why}; waited {format_duration(waited_s)} in this step",
        fix=(*first.fix, "llmplat down    # goes on from here"),
        findings=findings if len(findings) > 1 else (),
    )


def _finding(cluster: Cluster, stuck: Object) -> Finding:
    """What stands in the way of `stuck`: the innermost object that does not go."""
    inner = _innermost(cluster, stuck, 0)
    name, outer = _told(inner), _told(stuck)
    with_it = f", and with it {outer}" if inner is not stuck else ""
    return Finding(
        "wait-timeout",
        f"{name} does not go{with_it}.",
        why=_why(cluster, inner),
        fix=(_look(inner),),
    )


def _innermost(cluster: Cluster, thing: Object, depth: int) -> Object:
    if depth >= _DEEPEST:
        return thing
    for below in _below(cluster, thing):
        if below["metadata"].get("deletionTimestamp"):
            return _innermost(cluster, below, depth + 1)
    return thing


def _below(cluster: Cluster, thing: Object) -> Iterator[Object]:
    """What must be gone before `thing`: what an Application made, a namespace holds, an object owns."""
    if (thing["apiVersion"], thing["kind"]) == (APPLICATION_API, "Application"):
        for one in (thing.get("status") or {}).get("resources") or ():
            version = "/".join(filter(None, (one.get("group"), one["version"])))
            ref = ObjectRef(version, one["kind"], one.get("namespace") or None, one["name"])
            live = cluster.get(ref)
            if live is not None:
                yield live
    elif thing["kind"] == "Namespace":
        yield from contents(cluster, frozenset({thing["metadata"]["name"]}))
    elif thing["metadata"].get("namespace"):
        uid = thing["metadata"].get("uid")
        for api_version, kind in _DEPENDENTS:
            for one in cluster.list(api_version, kind, thing["metadata"]["namespace"]):
                owners = one["metadata"].get("ownerReferences") or ()
                if any(owner.get("uid") == uid for owner in owners):
                    yield one


def _why(cluster: Cluster, thing: Object) -> str:
    metadata = thing["metadata"]
    if not metadata.get("deletionTimestamp"):
        return "it is not being deleted: something made it again, or deletes it later"
    finalizers = [str(one) for one in metadata.get("finalizers") or ()]
    if not finalizers:
        return _said(thing) or "it waits for its grace period"
    holders = [f"{one} (held by {_holder(thing, one)})" for one in finalizers]
    words = f"deleted at {metadata['deletionTimestamp']}, it keeps the finalizer "
    users = _users(cluster, thing)
    return " | ".join(filter(None, (words + ", ".join(holders), users, _said(thing))))


def _holder(thing: Object, finalizer: str) -> str:
    """Who takes it away: known by name, else whoever put it there."""
    if finalizer in _HOLDERS:
        return _HOLDERS[finalizer]
    key = f'v:"{finalizer}"'
    for entry in thing["metadata"].get("managedFields") or ():
        named = (entry.get("fieldsV1") or {}).get("f:metadata", {}).get("f:finalizers", {})
        if key in named:
            return f"whoever runs as {entry['manager']}"
    return f"the controller of {finalizer.partition('/')[0]}"


def _users(cluster: Cluster, thing: Object) -> str:
    """Pods that still mount a claim."""
    if thing["kind"] != "PersistentVolumeClaim":
        return ""
    name, namespace = thing["metadata"]["name"], thing["metadata"]["namespace"]
    pods = [
        pod["metadata"]["name"]
        for pod in cluster.list("v1", "Pod", namespace)
        if name in _claims(pod)
    ]
    return f"used by pod {', '.join(pods)}" if pods else ""


def _claims(pod: Object) -> list[str]:
    volumes: list[dict[str, Any]] = (pod.get("spec") or {}).get("volumes") or []
    return [one.get("persistentVolumeClaim", {}).get("claimName", "") for one in volumes]


def _said(thing: Object) -> str:
    """What the object itself tells of its end: a namespace its content, an Application its errors."""
    conditions = (thing.get("status") or {}).get("conditions") or ()
    words = [
        str(one.get("message", ""))
        for one in conditions
        if "Remaining" in one.get("type", "") or one.get("type") == "DeletionError"
    ]
    return "; ".join(word for word in words if word)[:400]


def _told(thing: Object) -> str:
    metadata = thing["metadata"]
    place = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
    return f"{thing['kind']} {place}"


def _look(thing: Object) -> str:
    metadata = thing["metadata"]
    group = thing["apiVersion"].rpartition("/")[0]
    kind = ".".join(filter(None, (thing["kind"].lower(), group)))
    namespace = f" -n {metadata['namespace']}" if metadata.get("namespace") else ""
    if thing["kind"] == "Application" and metadata.get("namespace") == ARGO_CD:
        return f"kubectl get pods -n {ARGO_CD}    # is its application controller running?"
    return f"kubectl get {kind} {metadata['name']}{namespace} -o yaml"
