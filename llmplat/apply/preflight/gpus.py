"""GPU nodes as they are -> model, count, driver and room left against what the plan needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmplat.apply.pod_gpus import gpus_of_pod
from llmplat.apply.preflight.look import Look, missing, note, warning
from llmplat.domain.cluster import Object
from llmplat.domain.errors import Finding
from llmplat.plan.cluster.flavors import GPU_RESOURCE, Flavor

_PRODUCT = (
    "nvidia.com/gpu.product",
    "cloud.google.com/gke-accelerator",
    "k8s.amazonaws.com/accelerator",
)
_DRIVER = ("nvidia.com/cuda.driver-version.full", "nvidia.com/cuda.driver.major")
_AUTOSCALED = "pools of llmplat's own count from 0; the project's quotas and zones were looked at"
_OVER = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class GpuNodes:
    """Nodes with the same GPUs."""

    product: str
    driver: str
    nodes: int
    gpus: int
    """Allocatable."""
    free: int
    """Not asked for by pods that are not of this platform."""

    def __str__(self) -> str:
        driver = f", driver {self.driver}" if self.driver else ""
        return (
            f"{self.nodes} nodes with {self.gpus} GPUs ({self.product}{driver}), {self.free} free"
        )


def check_gpus(look: Look) -> Iterator[Finding]:
    """A finding for each kind of GPU with too few of them, and what was found."""
    taken = _taken(look)
    flavors = look.wanted.workloads.queues.flavors
    if look.platform.substrate.gke is not None and flavors:
        kinds = ", ".join(f"{one.name} (up to {one.supply} GPUs)" for one in flavors)
        yield note(f"Machines come to the pools when models ask for them: {kinds}.", _AUTOSCALED)
    else:
        for flavor in flavors:
            yield from _check_flavor(look, flavor, taken)
    found = find_gpus(look.nodes, taken)
    if found:
        yield note("GPUs of the cluster: " + "; ".join(str(one) for one in found) + ".", _source())


def find_gpus(nodes: tuple[Object, ...], taken: Mapping[str, int]) -> tuple[GpuNodes, ...]:
    """GPU nodes by product and driver; `taken`: node -> GPUs in use by others."""
    kinds: dict[tuple[str, str], list[Object]] = {}
    for node in nodes:
        if gpus_of(node):
            labels = node["metadata"].get("labels") or {}
            kinds.setdefault((_label(labels, _PRODUCT), _label(labels, _DRIVER)), []).append(node)
    return tuple(
        GpuNodes(
            product or "kind not labelled",
            driver,
            len(those),
            sum(map(gpus_of, those)),
            sum(max(0, gpus_of(one) - taken.get(one["metadata"]["name"], 0)) for one in those),
        )
        for (product, driver), those in sorted(kinds.items())
    )


def gpus_of(node: Object) -> int:
    """GPUs that may be used on a node; 0 for one that takes no pods."""
    if (node.get("spec") or {}).get("unschedulable"):
        return 0
    return int(((node.get("status") or {}).get("allocatable") or {}).get(GPU_RESOURCE, 0))


def _check_flavor(look: Look, flavor: Flavor, taken: Mapping[str, int]) -> Iterator[Finding]:
    wanted = dict(flavor.labels).items()
    here = [n for n in look.nodes if wanted <= (n["metadata"].get("labels") or {}).items()]
    gpus = [gpus_of(node) for node in here]
    labels = ", ".join(f"{key}={value}" for key, value in flavor.labels) or "no label asked for"
    floor = sum(
        engine.least * engine.launch.gpus
        for engine in look.wanted.workloads.engines
        if engine.flavor is not None and engine.flavor.name == flavor.name
    )
    if sum(gpus) < floor:
        yield missing(
            f"The cluster has {sum(gpus)} of the GPUs {flavor.gpu}; the models need {floor}.",
            f"nodes with {labels}: {len(here)}, with {GPU_RESOURCE}: {sum(1 for n in gpus if n)}",
            "kubectl get nodes -L nvidia.com/gpu.product",
            f"correct substrate.cluster.gpus ({flavor.gpu}), or add nodes",
        )
        return
    if sum(gpus) < flavor.supply:
        yield warning(
            f"The file says {flavor.supply} GPUs {flavor.gpu}; the cluster has {sum(gpus)}.",
            "quotas are made for what the file says, so admitted models would wait for a node",
            f"substrate.cluster.gpus: [{{name: {flavor.gpu}, count: {sum(gpus)}}}]",
        )
    free = sum(max(0, gpus_of(node) - taken.get(node["metadata"]["name"], 0)) for node in here)
    if free < floor:
        yield warning(
            f"Of the GPUs {flavor.gpu} only {free} are free; the models need {floor}.",
            "pods that are not this platform's hold the others",
            "kubectl get pods -A -o wide | grep -v Completed",
        )
    widest = max(gpus, default=0)
    if widest < flavor.per_node:
        yield missing(
            f"No node has {flavor.per_node} GPUs {flavor.gpu}.",
            f"the largest of {len(here)} nodes has {widest}",
            f"substrate.cluster.gpus: [{{name: {flavor.gpu}, perNode: {widest}}}]",
        )


def _taken(look: Look) -> dict[str, int]:
    """Node -> GPUs of pods that belong to others."""
    taken: dict[str, int] = {}
    if not any(gpus_of(node) for node in look.nodes):
        return taken
    ours = {owner.namespace for owner in look.wanted.workloads.owners}
    for pod in look.cluster.list("v1", "Pod"):
        node = (pod.get("spec") or {}).get("nodeName")
        if node and pod["metadata"]["namespace"] not in ours and not _is_over(pod):
            taken[node] = taken.get(node, 0) + gpus_of_pod(pod)
    return taken


def _is_over(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in _OVER


def _label(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((labels[name] for name in names if name in labels), "")


def _source() -> str:
    return "kind and driver by the labels of NVIDIA's feature discovery, or of the cloud"
