"""GPUs in pods: how many, which queue, how long they may take to start."""

from collections.abc import Iterator
from typing import Any

from llmplat.domain.units import parse_whole
from llmplat.validate.objects import (
    Object,
    Objects,
    PodSpec,
    dict_or_empty,
    get,
    list_or_empty,
    number_or,
)

QUEUE = "kueue.x-k8s.io/queue-name"
MODEL = "llmplat.dev/model"
GPU_PREFIXES = ("nvidia.com/", "amd.com/", "gpu.intel.com/", "habana.ai/", "google.com/tpu")
"""What the names of accelerators begin with."""
_CLAIMS = "resourceClaims"


def gpus_of(pod: PodSpec, objects: Objects) -> int:
    """GPUs of one pod: those of its containers, or of its largest init container, and its claims."""
    init, run = 0, sum(_claimed(pod, objects))
    for path, container in pod.containers():
        count = sum(_counts(container))
        if "initContainers" in path:
            init = max(init, count)
        else:
            run += count
    return max(init, run)


def wants_gpu(pod: PodSpec) -> bool:
    """Whether the pod asks for a GPU, by resource name or by claim."""
    named = any(name for _, container in pod.containers() for name in _names(container))
    return named or bool(pod.value.get(_CLAIMS))


def queue_of(pod: PodSpec) -> str | None:
    """The queue the pod waits in."""
    found = pod.owner.labels.get(QUEUE) or dict_or_empty(pod.metadata.get("labels")).get(QUEUE)
    return str(found) if found else None


def gpu_pods(objects: Objects) -> Iterator[PodSpec]:
    """Every pod that asks for a GPU."""
    return (pod for pod in objects.pods if wants_gpu(pod))


def floor_of(owner: Object, objects: Objects) -> int:
    """Replicas that are there at the least: the scaler's floor, else what the owner says."""
    for scaler in objects.of("keda.sh/ScaledObject"):
        target = dict_or_empty(scaler.spec.get("scaleTargetRef"))
        if scaler.namespace == owner.namespace and target.get("name") == owner.name:
            return int(number_or(scaler.spec.get("minReplicaCount"), 0))
    return int(number_or(owner.spec.get("replicas"), 1))


def startup_budget_s(container: dict[str, Any]) -> float:
    """Seconds that a container's startup probe gives it; 0 without one."""
    probe = dict_or_empty(container.get("startupProbe"))
    if not probe:
        return 0
    period_s = number_or(probe.get("periodSeconds"), 10)
    failures = number_or(probe.get("failureThreshold"), 3)
    return number_or(probe.get("initialDelaySeconds"), 0) + period_s * failures


def slowest_start_s(pod: PodSpec) -> float:
    """The longest start-up budget among the pod's containers, in seconds."""
    return max((startup_budget_s(container) for _, container in pod.containers()), default=0)


def _claimed(pod: PodSpec, objects: Objects) -> Iterator[int]:
    """Devices of each claim that the pod makes from a template of its namespace."""
    claims = list_or_empty(pod.value.get(_CLAIMS))
    named = {str(get(claim, "resourceClaimTemplateName")) for claim in claims}
    for template in objects.of("resource.k8s.io/ResourceClaimTemplate"):
        if template.name in named and template.namespace == pod.owner.namespace:
            for request in list_or_empty(template.get("spec", "spec", "devices", "requests")):
                exactly = dict_or_empty(dict_or_empty(request).get("exactly"))
                yield int(number_or(exactly.get("count"), 1))


def _names(container: dict[str, Any]) -> set[str]:
    resources = dict_or_empty(container.get("resources"))
    return {
        name
        for part in ("limits", "requests")
        for name in dict_or_empty(resources.get(part))
        if name.startswith(GPU_PREFIXES)
    }


def _counts(container: dict[str, Any]) -> Iterator[int]:
    resources = dict_or_empty(container.get("resources"))
    for name in _names(container):
        values = [dict_or_empty(resources.get(part)).get(name) for part in ("limits", "requests")]
        yield max(parse_whole(str(value)) or 0 for value in values)
