"""Flavors and quotas -> Kueue's objects, and the priority classes of the platform."""

from llmplat.plan.cluster.engines import SERVING_PRIORITY
from llmplat.plan.cluster.flavors import GPU_RESOURCE, Flavor
from llmplat.plan.cluster.gateway import GATEWAY_PRIORITY
from llmplat.plan.cluster.queues import LOCAL_QUEUE, OwnerQueue, Queues
from llmplat.render.objects.claims import make_device_class
from llmplat.render.objects.shape import (
    NAMESPACE_NAME,
    OWNER,
    Object,
    make_metadata,
    make_object,
)

API = "kueue.x-k8s.io/v1beta2"
BATCH_PRIORITY = "llmplat-batch"
PRIORITIES = (
    (BATCH_PRIORITY, 100, "Work that gives way; the only class open to tenants."),
    (SERVING_PRIORITY, 100_000, "Engines."),
    (GATEWAY_PRIORITY, 1_000_000, "Parts that every request passes."),
)


def make_queue_objects(platform: str, queues: Queues) -> tuple[Object, ...]:
    """Priority classes always; flavors and queues where there are GPUs to share out."""
    found = [_priority(platform, name, value, told) for name, value, told in PRIORITIES]
    found += [_workload_priority(platform, name, value) for name, value, _ in PRIORITIES[:2]]
    if not queues.flavors:
        return tuple(found)
    if queues.is_claimed:
        found.append(make_device_class(platform))
    found.append(make_object(API, "Cohort", make_metadata(platform, queues.cohort), spec={}))
    found += [_flavor(platform, flavor) for flavor in queues.flavors]
    for queue in queues.queues:
        found += [_cluster_queue(platform, queue, queues.cohort), _local_queue(platform, queue)]
    return tuple(found)


def _priority(platform: str, name: str, value: int, told: str) -> Object:
    return make_object(
        "scheduling.k8s.io/v1",
        "PriorityClass",
        make_metadata(platform, name),
        value=value,
        globalDefault=False,
        preemptionPolicy="PreemptLowerPriority",
        description=told,
    )


def _workload_priority(platform: str, name: str, value: int) -> Object:
    metadata = make_metadata(platform, name)
    return make_object(API, "WorkloadPriorityClass", metadata, value=value)


def _flavor(platform: str, flavor: Flavor) -> Object:
    spec: Object = {}
    if flavor.labels:
        spec["nodeLabels"] = dict(flavor.labels)
    spec["tolerations"] = [
        {"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in flavor.tolerations
    ]
    return make_object(API, "ResourceFlavor", make_metadata(platform, flavor.name), spec=spec)


def _cluster_queue(platform: str, queue: OwnerQueue, cohort: str) -> Object:
    """An owner's quota; what is free of it others borrow, and get it taken back only from batch."""
    flavors = [
        {"name": name, "resources": [{"name": GPU_RESOURCE, "nominalQuota": str(count)}]}
        for name, count in queue.quotas
    ]
    spec = {
        "cohortName": cohort,
        "queueingStrategy": "BestEffortFIFO",
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: queue.namespace}},
        "stopPolicy": "None",
        "preemption": {
            # Never an equal: an engine that loads is not evicted for another engine.
            "withinClusterQueue": "LowerPriority",
            "reclaimWithinCohort": "LowerPriority",
            "borrowWithinCohort": {"policy": "Never"},
        },
        "flavorFungibility": {"whenCanBorrow": "TryNextFlavor", "whenCanPreempt": "TryNextFlavor"},
        "resourceGroups": [{"coveredResources": [GPU_RESOURCE], "flavors": flavors}],
    }
    metadata = make_metadata(platform, queue.owner, None, {OWNER: queue.owner})
    return make_object(API, "ClusterQueue", metadata, spec=spec)


def _local_queue(platform: str, queue: OwnerQueue) -> Object:
    metadata = make_metadata(platform, LOCAL_QUEUE, queue.namespace, {OWNER: queue.owner})
    return make_object(API, "LocalQueue", metadata, spec={"clusterQueue": queue.owner})
