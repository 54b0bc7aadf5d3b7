"""What the cluster's API must refuse, and who is exempt."""

from dataclasses import dataclass

from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.queues import Queues

SYSTEM_NAMESPACE = "llmplat-system"
"""The platform's own: parameters of policies; tenants have no rights there."""

SYSTEM_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease")
SYSTEM_PREFIXES = ("gke-", "gmp-")
"""Namespaces the cloud keeps its own parts in."""
GPU_NAMESPACES = ("gpu-operator",)
"""Where parts that look after GPUs run, outside every queue."""

PEOPLE = ("system:masters", "llmplat:platform")
"""Groups of the people who run the platform."""
CONTROL_PLANE = ("system:nodes", "system:serviceaccounts:kube-system")
"""Groups of the cluster's own parts."""
CONTROLLERS = ("system:kube-controller-manager", "system:kube-scheduler")
"""The same, where they do not use service accounts."""
ARGO_CD_ACCOUNTS = "system:serviceaccounts:argocd"
ACCOUNTS = {
    "argo-cd": "system:serviceaccount:argocd:argocd-application-controller",
    "kueue": "system:serviceaccount:kueue-system:kueue-controller-manager",
    "keda": "system:serviceaccount:keda:keda-operator",
    "kserve": "system:serviceaccount:kserve:kserve-controller-manager",
    "external-secrets": "system:serviceaccount:external-secrets:external-secrets",
}
"""Component -> the one account of it that makes or changes objects in owners' namespaces."""

GPU_RESOURCES = (
    "nvidia.com/",
    "amd.com/",
    "gpu.intel.com/",
    "habana.ai/",
    "aws.amazon.com/neuron",
    "google.com/tpu",
)
"""What the names of accelerators begin with, whoever makes them."""
GPU_RUNTIMES = ("nvidia", "nvidia-cdi", "nvidia-legacy")
"""Runtime classes that give a container the machine's GPUs."""
GPU_VARIABLE = "NVIDIA_VISIBLE_DEVICES"
"""Environment variable by which some container runtimes give a container GPUs."""


@dataclass(frozen=True)
class GpuLimit:
    """What a pod may claim of one kind of GPU."""

    name: str
    memory_bytes: int
    label: str | None
    """key=value that the nodes with that GPU carry; None where they cannot be told apart."""


@dataclass(frozen=True)
class Policies:
    """Limits that admission reads."""

    gpus: tuple[GpuLimit, ...]
    users: tuple[str, ...]
    """Accounts that act for the platform."""
    groups: tuple[str, ...]
    """Groups that do."""


def make_policies(ground: Ground, queues: Queues) -> Policies:
    """The limits of every kind of GPU in the cluster."""
    kinds = {flavor.gpu: flavor for flavor in queues.flavors}
    return Policies(
        gpus=tuple(
            GpuLimit(
                name,
                ground.catalog.gpus[name].memory_bytes,
                "=".join(flavor.selector[0]) if flavor.selector else None,
            )
            for name, flavor in sorted(kinds.items())
        ),
        # Argo CD acts here even where somebody else installed it.
        users=(
            *CONTROLLERS,
            *(user for name, user in ACCOUNTS.items() if name == "argo-cd" or ground.runs(name)),
        ),
        groups=(*PEOPLE, *CONTROL_PLANE),
    )
