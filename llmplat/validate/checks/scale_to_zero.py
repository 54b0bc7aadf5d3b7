"""A warm model keeps a replica.

KEDA's own default is zero replicas. An engine that is not there reports no queue, so nothing wakes
it, unless what holds the requests meanwhile is measured.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Objects, list_or_empty
from llmplat.validate.smell import Smell

_HELD = ("flow_control_queue_size", "interceptor")
"""In a trigger: requests are held, and counted, while there is no engine."""


def find(objects: Objects) -> Iterator[Smell]:
    """Scalers that may go to zero and that nothing wakes."""
    for one in objects.of("keda.sh/ScaledObject"):
        least = one.spec.get("minReplicaCount", 0)
        idle = one.spec.get("idleReplicaCount")
        is_held = any(
            word in str(t) for t in list_or_empty(one.spec.get("triggers")) for word in _HELD
        )
        if (least == 0 or idle == 0) and not is_held:
            key = "idleReplicaCount" if idle == 0 else "minReplicaCount"
            what = "it may go to zero and nothing wakes it"
            yield Smell(one, ("spec", key), what, "minReplicaCount: 1")
