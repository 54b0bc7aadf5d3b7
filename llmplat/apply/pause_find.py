"""What a pause takes away: engines on GPUs, queues, and the automatic sync that would bring them back."""

from collections.abc import Iterator
from datetime import UTC, datetime

from llmplat.apply.owned import Application, Owned, label_of
from llmplat.apply.pod_gpus import gpus_of_pod
from llmplat.domain.cluster import ObjectRef, ref_of
from llmplat.domain.paused import Paused, PausedApplication, PausedModel, PausedQueue
from llmplat.render.objects.queues import API as KUEUE_API
from llmplat.render.objects.shape import MODEL

SCALED_API = "keda.sh/v1alpha1"


def find_running(owned: Owned) -> Paused:
    """What a pause would take away now."""
    models = tuple(_models(owned))
    queues = tuple(_queues(owned))
    changed = {ObjectRef("apps/v1", "Deployment", one.namespace, one.name) for one in models}
    changed |= {ObjectRef(SCALED_API, "ScaledObject", one.namespace, one.name) for one in models}
    changed |= {ObjectRef(KUEUE_API, "ClusterQueue", None, one.name) for one in queues}
    return Paused(
        platform=owned.platform,
        since=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        models=models,
        queues=queues,
        applications=tuple(_automated(owned, changed)),
    )


def _models(owned: Owned) -> Iterator[PausedModel]:
    for it in owned.cluster.list("apps/v1", "Deployment"):
        model, gpus = label_of(it, MODEL), gpus_of_pod((it.get("spec") or {}).get("template") or {})
        if model and gpus and owned.has_directly(it):
            ref = ref_of(it)
            scaled = owned.cluster.get(scaled_of(ref.namespace, ref.name))
            replicas = int((it.get("spec") or {}).get("replicas", 1))
            yield PausedModel(model, ref.namespace or "", ref.name, replicas, gpus, bool(scaled))


def _queues(owned: Owned) -> Iterator[PausedQueue]:
    for it in owned.cluster.list(KUEUE_API, "ClusterQueue"):
        if owned.has_directly(it):
            policy = (it.get("spec") or {}).get("stopPolicy") or "None"
            yield PausedQueue(it["metadata"]["name"], policy)


def _automated(owned: Owned, changed: set[ObjectRef]) -> Iterator[PausedApplication]:
    """The root, and whoever would undo what is changed."""
    keys = {(ref.group, ref.kind, ref.namespace, ref.name) for ref in changed}
    for one in owned.applications:
        held = {(ref.group, ref.kind, ref.namespace, ref.name) for ref in one.held}
        automated = _automation(one)
        if automated is not None and (not one.layer or keys & held):
            yield PausedApplication(one.name, automated)


def _automation(application: Application) -> dict[str, object] | None:
    policy = (application.live.get("spec") or {}).get("syncPolicy") or {}
    found = policy.get("automated")
    return dict(found) if found is not None else None


def deployment_of(model: PausedModel) -> ObjectRef:
    """The Deployment of a model's engine."""
    return ObjectRef("apps/v1", "Deployment", model.namespace, model.name)


def scaled_of(namespace: str | None, name: str) -> ObjectRef:
    """What KEDA scales the Deployment `name` by."""
    return ObjectRef(SCALED_API, "ScaledObject", namespace, name)
