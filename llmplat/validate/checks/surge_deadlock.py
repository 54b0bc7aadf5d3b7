"""An update does not wait for a GPU that the old pod holds.

A rolling update starts the new pod first. With all GPUs of the quota in use it waits for one, and
the old pod waits to be replaced: for ever.
"""

from collections.abc import Iterator

from llmplat.validate.gpus import gpu_pods
from llmplat.validate.objects import Objects, dict_or_empty
from llmplat.validate.smell import Smell


def find(objects: Objects) -> Iterator[Smell]:
    """GPU Deployments that surge."""
    for pod in gpu_pods(objects):
        if pod.owner.kind != "apps/Deployment":
            continue
        strategy = dict_or_empty(pod.owner.spec.get("strategy"))
        surge = dict_or_empty(strategy.get("rollingUpdate")).get("maxSurge", "25%")
        if strategy.get("type") != "Recreate" and str(surge) not in {"0", "0%"}:
            what = "its update needs a GPU more than it has"
            fix = "strategy: {type: Recreate}, or rollingUpdate: {maxSurge: 0, maxUnavailable: 1}"
            yield Smell(pod.owner, ("spec", "strategy"), what, fix)
