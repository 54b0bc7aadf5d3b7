"""A pod with a GPU waits in a queue.

Without a queue it takes GPUs past every quota, and the queues count wrong for everybody else.
"""

from collections.abc import Iterator

from llmplat.validate.gpus import QUEUE, gpu_pods, queue_of
from llmplat.validate.objects import Objects
from llmplat.validate.smell import Smell


def find(objects: Objects) -> Iterator[Smell]:
    """GPU pods without a queue, or with one that their namespace does not have."""
    local = objects.of("kueue.x-k8s.io/LocalQueue")
    queues = {(one.namespace, one.name) for one in local}
    for pod in gpu_pods(objects):
        queue = queue_of(pod)
        if queue is None:
            what = "it asks for GPUs and is in no queue"
            yield Smell(pod.owner, ("metadata",), what, f"label it {QUEUE}: <a LocalQueue>")
        elif queues and (pod.owner.namespace, queue) not in queues:
            what = f"its namespace has no LocalQueue {queue}"
            path = ("metadata", "labels", QUEUE)
            yield Smell(pod.owner, path, what, f"add LocalQueue {pod.owner.namespace}/{queue}")
