"""What a cluster says of a platform -> one report: Applications, models, queues, what waits and why."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from llmplat.domain.cluster import PLATFORM, Cluster, ClusterIdentity, Object
from llmplat.domain.inventory import REF, Inventory, parse_inventory
from llmplat.domain.paused import REF as PAUSED
from llmplat.domain.paused import parse_paused
from llmplat.domain.unhealthy import Unhealthy, find_unhealthy, is_done, why_pod_waits
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.flavors import GPU_RESOURCE
from llmplat.render.argocd import ROOT
from llmplat.render.objects.shape import MODEL, OWNER, ROLE

_EXPLAINED = 5
"""Applications that are explained object by object; each costs a few requests."""
_ENGINE = {ROLE: "engine"}
_QUEUE_API = "kueue.x-k8s.io/v1beta2"
_ARGO_API = "argoproj.io/v1alpha1"


@dataclass(frozen=True)
class ApplicationState:
    """One Application as Argo CD sees it."""

    name: str
    sync: str
    health: str
    is_done: bool
    why: tuple[Unhealthy, ...] = ()


@dataclass(frozen=True)
class ModelState:
    """One model's engine."""

    model: str
    owner: str
    namespace: str
    ready: int
    wanted: int
    gated: int
    """Pods that wait in their queue for quota."""
    why: tuple[str, ...] = ()
    """Of the first pods that are not ready."""

    @property
    def is_healthy(self) -> bool:
        """Whether every replica that is wanted answers."""
        return self.ready >= self.wanted


@dataclass(frozen=True)
class QueueState:
    """One ClusterQueue: who holds how many GPUs, and who waits."""

    name: str
    admitted: int
    pending: int
    gpus_used: int
    gpus_quota: int


@dataclass(frozen=True)
class ClusterStatusReport:
    """Everything of one platform on one cluster, now."""

    platform: str
    identity: ClusterIdentity
    is_there: bool
    is_healthy: bool
    profile: str
    step: str
    """What the last `up` reached."""
    busy: str | None
    applications: tuple[ApplicationState, ...]
    models: tuple[ModelState, ...]
    queues: tuple[QueueState, ...]
    next_step: str
    paused_since: str = ""
    """RFC 3339; empty while it is not paused."""


def make_cluster_status(
    cluster: Cluster, platform: str, busy: str | None = None
) -> ClusterStatusReport:
    """The state of everything now, all lists fetched at once; changes nothing.

    Raises ClusterUnreachableError, ClusterRefusedError.
    """
    with ThreadPoolExecutor(6) as pool:
        paused = pool.submit(_paused_since, cluster)
        identity = pool.submit(cluster.identity)
        inventory = pool.submit(_inventory, cluster)
        applications = pool.submit(_applications, cluster, platform)
        models = pool.submit(_models, cluster, platform)
        queues = pool.submit(_queues, cluster, platform)
    found, known = applications.result(), inventory.result()
    is_there = bool(found) or known is not None
    is_healthy = (
        is_there
        and all(one.is_done for one in found)
        and all(one.is_healthy for one in models.result())
    )
    return ClusterStatusReport(
        platform=platform,
        identity=identity.result(),
        is_there=is_there,
        is_healthy=is_healthy,
        profile=known.profile if known else "",
        step=known.step if known else "",
        busy=busy,
        applications=found,
        models=models.result(),
        queues=queues.result(),
        next_step="llmplat resume"
        if paused.result()
        else _next_step(found, known, models.result(), is_healthy=is_healthy),
        paused_since=paused.result(),
    )


def _paused_since(cluster: Cluster) -> str:
    """Since when GPUs rest; "?" for a record that cannot be read, empty without one."""
    found = cluster.get(PAUSED)
    try:
        return parse_paused(found).since if found is not None else ""
    except (ValueError, KeyError, TypeError):
        return "?"


def _inventory(cluster: Cluster) -> Inventory | None:
    found = cluster.get(REF)
    try:
        return parse_inventory(found) if found is not None else None
    except (ValueError, TypeError, KeyError):
        return None  # `up` refuses it in words; what runs can be shown all the same


def _applications(cluster: Cluster, platform: str) -> tuple[ApplicationState, ...]:
    found = sorted(
        cluster.list(_ARGO_API, "Application", ARGO_CD, {PLATFORM: platform}),
        key=lambda one: str(one["metadata"]["name"]),
    )
    states = []
    explained = 0
    for one in found:
        why: tuple[Unhealthy, ...] = ()
        # The root waits for the others: they say why.
        if not is_done(one) and one["metadata"]["name"] != ROOT and explained < _EXPLAINED:
            why, explained = find_unhealthy(cluster, one), explained + 1
        states.append(_state(one, why))
    return tuple(states)


def _state(application: Object, why: tuple[Unhealthy, ...]) -> ApplicationState:
    status = application.get("status") or {}
    return ApplicationState(
        application["metadata"]["name"],
        (status.get("sync") or {}).get("status") or "not looked at",
        (status.get("health") or {}).get("status") or "not looked at",
        is_done(application),
        why,
    )


def _models(cluster: Cluster, platform: str) -> tuple[ModelState, ...]:
    labels = {PLATFORM: platform, **_ENGINE}
    waiting: dict[tuple[str, str], list[Unhealthy]] = {}
    for pod in cluster.list("v1", "Pod", None, _ENGINE):
        why = why_pod_waits(pod)
        if why is not None:
            key = (pod["metadata"]["namespace"], _label(pod, MODEL))
            waiting.setdefault(key, []).append(why)
    found = [_model(one, waiting) for one in cluster.list("apps/v1", "Deployment", None, labels)]
    return tuple(sorted(found, key=lambda one: (one.namespace, one.model)))


def _model(deployment: Object, waiting: Mapping[tuple[str, str], list[Unhealthy]]) -> ModelState:
    namespace = deployment["metadata"]["namespace"]
    model = _label(deployment, MODEL)
    those = waiting.get((namespace, model), [])
    return ModelState(
        model=model,
        owner=_label(deployment, OWNER),
        namespace=namespace,
        ready=int((deployment.get("status") or {}).get("readyReplicas") or 0),
        wanted=int(deployment["spec"].get("replicas", 1)),
        gated=sum(1 for one in those if one.reason == "gated"),
        why=tuple(dict.fromkeys(str(one) for one in those))[:2],
    )


def _queues(cluster: Cluster, platform: str) -> tuple[QueueState, ...]:
    found = cluster.list(_QUEUE_API, "ClusterQueue", None, {PLATFORM: platform})
    return tuple(sorted((_queue(one) for one in found), key=lambda one: one.name))


def _queue(queue: Object) -> QueueState:
    status = queue.get("status") or {}
    quota = _sum(
        resource.get("nominalQuota")
        for group in queue["spec"].get("resourceGroups") or ()
        for flavor in group.get("flavors") or ()
        for resource in flavor.get("resources") or ()
        if resource["name"] == GPU_RESOURCE
    )
    used = _sum(
        resource.get("total")
        for flavor in status.get("flavorsReservation") or ()
        for resource in flavor.get("resources") or ()
        if resource["name"] == GPU_RESOURCE
    )
    return QueueState(
        queue["metadata"]["name"],
        int(status.get("admittedWorkloads") or 0),
        int(status.get("pendingWorkloads") or 0),
        used,
        quota,
    )


def _sum(values: Iterable[Any]) -> int:
    return sum(int(value or 0) for value in values)


def _label(thing: Object, name: str) -> str:
    return str((thing["metadata"].get("labels") or {}).get(name, ""))


def _next_step(
    applications: tuple[ApplicationState, ...],
    inventory: Inventory | None,
    models: tuple[ModelState, ...],
    *,
    is_healthy: bool,
) -> str:
    if not applications:
        return "llmplat up"
    if is_healthy:
        done = inventory is None or inventory.step in {"done", ""}
        return "llmplat verify" if done else "llmplat up (the last run did not come to its end)"
    gated = [one for one in models if one.gated]
    if gated:
        return f"raise the quota of {gated[0].owner or 'its owner'}, or wait: llmplat status"
    return "llmplat up goes on; kubectl -n argocd get applications shows what Argo CD does"
