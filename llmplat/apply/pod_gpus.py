"""GPUs that a live pod asks for."""

from llmplat.domain.cluster import Object
from llmplat.domain.units import parse_whole
from llmplat.plan.cluster.flavors import GPU_RESOURCE


def gpus_of_pod(pod: Object) -> int:
    """GPUs in the limits of all containers of `pod`, or of a template of pods."""
    containers = (pod.get("spec") or {}).get("containers") or ()
    limits = ((one.get("resources") or {}).get("limits") or {} for one in containers)
    return sum(parse_whole(str(one.get(GPU_RESOURCE, 0))) or 0 for one in limits)
