"""A Deployment is not called failed while its model is still loading.

After progressDeadlineSeconds (600 by default) it counts as failed and Argo CD as Degraded, although
the startup probe would have given it longer.
"""

from collections.abc import Iterator

from llmplat.validate.gpus import gpu_pods, slowest_start_s
from llmplat.validate.objects import Objects
from llmplat.validate.smell import Smell

_DEFAULT_S = 600


def find(objects: Objects) -> Iterator[Smell]:
    """GPU Deployments whose deadline is shorter than their own start-up budget."""
    for pod in gpu_pods(objects):
        budget_s = slowest_start_s(pod)
        deadline_s = pod.owner.spec.get("progressDeadlineSeconds", _DEFAULT_S)
        is_short = isinstance(deadline_s, int) and deadline_s < budget_s
        if pod.owner.kind == "apps/Deployment" and is_short:
            what = (
                f"its deadline of {deadline_s} s ends before its start-up budget of {budget_s:g} s"
            )
            path = ("spec", "progressDeadlineSeconds")
            fix = f"progressDeadlineSeconds: {round(budget_s) + 60}"
            yield Smell(pod.owner, path, what, fix)
