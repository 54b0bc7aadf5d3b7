"""A quota holds what must always be there.

Replicas that a model never goes below are kept by the owner's own quota: borrowed GPUs can be taken
back, and then the model does not start at all.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from llmplat.domain.quantity import parse_quantity
from llmplat.validate.gpus import GPU_PREFIXES, floor_of, gpu_pods, gpus_of, queue_of
from llmplat.validate.objects import Object, Objects, dict_or_empty, get, list_or_empty
from llmplat.validate.smell import Smell

_MAKERS = ("apps/Deployment", "apps/StatefulSet")


def find(objects: Objects) -> Iterator[Smell]:
    """ClusterQueues and ResourceQuotas below the GPUs of their models at the fewest replicas."""
    cluster_queue = {
        (one.namespace, one.name): str(one.spec.get("clusterQueue", ""))
        for one in objects.of("kueue.x-k8s.io/LocalQueue")
    }
    by_queue: dict[str, int] = defaultdict(int)
    by_namespace: dict[str, int] = defaultdict(int)
    for pod in gpu_pods(objects):
        if pod.owner.kind not in _MAKERS:
            continue
        floor = gpus_of(pod, objects) * floor_of(pod.owner, objects)
        by_namespace[pod.owner.namespace] += floor
        by_queue[cluster_queue.get((pod.owner.namespace, queue_of(pod) or ""), "")] += floor
    for one in objects.of("kueue.x-k8s.io/ClusterQueue"):
        yield from _judge(one, _nominal(one), by_queue[one.name], "spec", "resourceGroups")
    for one in objects.of("ResourceQuota"):
        hard = _hard(one)
        if hard is not None:
            yield from _judge(one, hard, by_namespace[one.namespace], "spec", "hard")


def _judge(one: Object, quota: Decimal | int, floor: int, *path: str) -> Iterator[Smell]:
    if floor > quota:
        what = f"it holds {quota} GPUs, its models need {floor} at the fewest replicas"
        yield Smell(one, path, what, f"raise the quota to {floor}, or lower the replicas")


def _nominal(one: Object) -> Decimal | int:
    """GPUs of all flavors of a ClusterQueue."""
    return sum(
        parse_quantity(str(get(resource, "nominalQuota"))) or 0
        for group in list_or_empty(one.spec.get("resourceGroups"))
        for flavor in list_or_empty(get(group, "flavors"))
        for resource in list_or_empty(get(flavor, "resources"))
        if str(get(resource, "name")).startswith(GPU_PREFIXES)
    )


def _hard(one: Object) -> Decimal | int | None:
    """GPUs of a ResourceQuota, None when it does not limit them."""
    found = [
        number
        for name, count in dict_or_empty(one.spec.get("hard")).items()
        if name.removeprefix("requests.").startswith(GPU_PREFIXES)
        and (number := parse_quantity(str(count))) is not None
    ]
    return sum(found) if found else None
