"""Refuses claimed or shared GPUs where the cluster, its queues or its device plugin cannot count them."""

from collections.abc import Iterator

from llmplat.catalog.cluster import load_claim_rule
from llmplat.catalog.versions import is_within, numbers_of
from llmplat.domain.errors import Finding, PlanError
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.substrate import gpu_stack_of, is_claimed
from llmplat.spec.substrate import ClusterGpus

DEVICE_CLASS = "gpu.llmplat.dev"
"""Class of the devices that engines claim; the queues count it as they count GPUs by number."""

_BY_NUMBER = "set substrate.cluster.gpuAllocation: device-plugin"


def check_gpu_handing(ground: Ground) -> Iterator[Finding]:
    """A finding for each reason why the wished way of handing out GPUs cannot work here."""
    if is_claimed(ground.platform.substrate):
        yield from _claims(ground)
    yield from _sharing(ground)


def _claims(ground: Ground) -> Iterator[Finding]:
    rule = load_claim_rule()
    if numbers_of(ground.kubernetes) < numbers_of(rule.since):
        yield _cannot(
            "GPUs cannot be claimed in this cluster.",
            f"it runs Kubernetes {ground.kubernetes}; resource.k8s.io/v1 is there from {rule.since}.",
            _BY_NUMBER,
            f"update the cluster to {rule.since}, and say so in substrate.cluster.kubernetes",
        )
    queue = ground.catalog.components["kueue"].version
    if queue is not None and not is_within(queue.pinned, rule.kueue):
        yield _cannot(
            "Claimed GPUs would be counted by nobody.",
            f"Kueue is pinned to {queue.pinned}; it counts claims at {rule.kueue} ({rule.source}).",
            _BY_NUMBER,
        )
    if any(kind.sharing is not None for kind in _kinds(ground)):
        yield _cannot(
            "GPUs that are claimed cannot be shared.",
            "Kueue counts claimed GPUs whole: the settings in a claim that would share one it "
            "refuses.",
            "remove sharing from substrate.cluster.gpus",
            _BY_NUMBER,
        )


def _sharing(ground: Ground) -> Iterator[Finding]:
    """The operator's device plugin is told one way of sharing for all nodes."""
    shared = {kind.sharing.clients if kind.sharing else 1 for kind in _kinds(ground)}
    if len(shared) > 1 and gpu_stack_of(ground.platform.substrate) == "operator":
        yield _cannot(
            "Some GPUs of the cluster are shared and others are not, or by other numbers.",
            "NVIDIA's operator is told one way of sharing for all nodes.",
            "give all kinds under substrate.cluster.gpus the same sharing",
            "set gpuStack: none, and let your own device plugin share GPUs node by node",
        )


def _kinds(ground: Ground) -> tuple[ClusterGpus, ...]:
    cluster = ground.platform.substrate.cluster
    return cluster.gpus if cluster is not None else ()


def _cannot(what: str, why: str, *fix: str) -> Finding:
    return Finding(PlanError.code, what, why, fix)
