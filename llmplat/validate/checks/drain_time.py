"""A stopping engine finishes what it has.

A pod is killed after terminationGracePeriodSeconds (30 by default). Where the engine may answer for
longer, each update cuts off answers that somebody waits and pays for.
"""

from collections.abc import Iterator

from llmplat.validate.gpus import gpu_pods
from llmplat.validate.objects import Objects
from llmplat.validate.policy import policies, timeout_of
from llmplat.validate.smell import Smell

_DEFAULT_S = 30


def find(objects: Objects) -> Iterator[Smell]:
    """GPU pods that are killed before the longest answer is done."""
    limits = [s for one in policies(objects) if (s := timeout_of(one, "engine")) is not None]
    for pod in gpu_pods(objects) if limits else ():
        grace_s = pod.value.get("terminationGracePeriodSeconds", _DEFAULT_S)
        if isinstance(grace_s, int) and grace_s < max(limits):
            what = f"it is killed after {grace_s} s, an answer may take {max(limits):g} s"
            path = (*pod.path, "terminationGracePeriodSeconds")
            fix = f"terminationGracePeriodSeconds: {round(max(limits)) + 10}"
            yield Smell(pod.owner, path, what, fix)
