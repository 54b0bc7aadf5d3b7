"""Objects that are not well -> which one it is and why, in plain words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from llmplat.domain.cluster import Cluster, Object, ObjectRef

_WELL = frozenset({"Healthy", "", None})
_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})
_AT_MOST = 5
QUEUE_GATE = "kueue.x-k8s.io/admission"


@dataclass(frozen=True)
class Unhealthy:
    """One object that is not well."""

    name: str
    """Kind, namespace and name."""
    why: str
    reason: str = "unhealthy"
    """One word of: gated, no-node, image, starting, crashing, storage, sync, secret, unhealthy."""

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


def is_done(application: Object) -> bool:
    """Synced with what it was told last, and Healthy."""
    status = application.get("status") or {}
    sync, health = status.get("sync") or {}, status.get("health") or {}
    compared = (sync.get("comparedTo") or {}).get("source")
    is_current = compared is None or _same(compared, application["spec"].get("source") or {})
    return is_current and (sync.get("status"), health.get("status")) == ("Synced", "Healthy")


def find_unhealthy(cluster: Cluster, application: Object) -> tuple[Unhealthy, ...]:
    """Why an Application is not done: its own words, then its objects, down to their pods."""
    found = [*_of_application(application)]
    for resource in _not_well(application):
        found += _of_resource(cluster, resource)
        if len(found) >= _AT_MOST:
            break
    return tuple(found[:_AT_MOST])


def why_pod_waits(pod: Object) -> Unhealthy | None:
    """Why a pod is not ready; None when it is, or is done."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    name = f"Pod {metadata.get('namespace')}/{metadata['name']}"
    conditions = {it["type"]: it for it in status.get("conditions") or ()}
    if conditions.get("Ready", {}).get("status") == "True" or status.get("phase") == "Succeeded":
        return None
    gates = [it["name"] for it in pod["spec"].get("schedulingGates") or ()]
    if gates:
        why = "waits in its queue for quota" if QUEUE_GATE in gates else f"held by {gates[0]}"
        return Unhealthy(name, why, "gated")
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        message = str(scheduled.get("message") or "no node takes it")
        word = "storage" if "volume" in message.lower() else "no-node"
        return Unhealthy(name, _gpu_words(message), word)
    waiting = _waiting(status)
    return waiting_reason(name, waiting, status)


def why_workload_waits(cluster: Cluster, ref: ObjectRef) -> tuple[Unhealthy, ...]:
    """Why pods of a workload are not ready, one each."""
    return tuple(why for pod in _pods_of(cluster, ref) if (why := why_pod_waits(pod)) is not None)


def waiting_reason(name: str, waiting: Object | None, status: Object) -> Unhealthy:
    """What a scheduled pod is at."""
    if waiting is None:
        return Unhealthy(name, "runs and is not ready yet", "starting")
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    told = f"{reason}: {message}" if message else str(reason)
    if reason in _IMAGE:
        return Unhealthy(name, told, "image")
    if reason == "CrashLoopBackOff":
        return Unhealthy(name, told, "crashing")
    return Unhealthy(name, told or str(status.get("phase")), "starting")


def _of_application(application: Object) -> Iterator[Unhealthy]:
    name = f"Application {application['metadata']['name']}"
    status = application.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition["type"].endswith("Error"):
            yield Unhealthy(name, f"{condition['type']}: {condition.get('message', '')}", "sync")
    operation = status.get("operationState") or {}
    if operation.get("phase") in {"Failed", "Error"}:
        yield Unhealthy(name, str(operation.get("message", "its sync failed")), "sync")
    if not status:
        yield Unhealthy(name, "Argo CD has not looked at it yet", "sync")


def _not_well(application: Object) -> Iterable[Object]:
    resources: list[Object] = (application.get("status") or {}).get("resources") or []
    return (
        one
        for one in resources
        if (one.get("health") or {}).get("status") not in _WELL or one.get("status") == "OutOfSync"
    )


def _of_resource(cluster: Cluster, resource: Object) -> Iterator[Unhealthy]:
    group = resource.get("group") or ""
    version = resource.get("version", "v1")
    api = f"{group}/{version}" if group else version
    ref = ObjectRef(api, resource["kind"], resource.get("namespace") or None, resource["name"])
    health = resource.get("health") or {}
    told = health.get("message") or health.get("status") or resource.get("status") or ""
    if ref.kind not in _WORKLOADS:
        reason = "secret" if ref.kind == "ExternalSecret" else "unhealthy"
        yield Unhealthy(str(ref), str(told), reason)
        return
    yield from why_workload_waits(cluster, ref) or [Unhealthy(str(ref), str(told))]


def _pods_of(cluster: Cluster, ref: ObjectRef) -> Iterator[Object]:
    found = cluster.get(ref)
    labels = (((found or {}).get("spec") or {}).get("selector") or {}).get("matchLabels")
    if labels:
        yield from cluster.list("v1", "Pod", ref.namespace, labels)


def _waiting(status: Object) -> Object | None:
    every = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    states = ((one.get("state") or {}).get("waiting") for one in every)
    found: Object | None = next((it for it in states if it), None)
    return found


def _gpu_words(message: str) -> str:
    if "nvidia.com/gpu" in message:
        return f"no node has the GPUs free ({message})"
    return f"no node takes it ({message})"


def _same(compared: Any, wanted: Any) -> bool:  # noqa: ANN401 (JSON of any shape)
    """Whether everything `wanted` is in `compared`; Argo CD leaves out what is empty."""
    if isinstance(wanted, dict) and isinstance(compared, dict):
        return all(_same(compared.get(key), value) for key, value in wanted.items())
    return bool(compared == wanted or (not compared and not wanted))
