"""GPUs that the substrate has -> flavors: kinds of GPU in one place, as queues count them."""

from dataclasses import dataclass

from llmplat.catalog.entries import Gpu
from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.ground import Ground
from llmplat.spec.node_pool import Pool
from llmplat.spec.substrate import ClusterGpus

GPU_RESOURCE = "nvidia.com/gpu"

_ACCELERATOR = "cloud.google.com/gke-accelerator"
_POOL = "cloud.google.com/gke-nodepool"
_SPOT = "cloud.google.com/gke-spot"
_PRODUCT, _SHARED = "nvidia.com/gpu.product", "-SHARED"
"""https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-sharing.html"""
_STRATEGIES = {"time-slicing": "time-sharing", "mps": "mps"}


@dataclass(frozen=True)
class Flavor:
    """GPUs of one kind in one place, as the queues count them."""

    name: str
    gpu: str
    supply: int
    """GPUs at most; a shared one counts once for each engine that may share it."""
    per_node: int
    labels: tuple[tuple[str, str], ...]
    """Of the nodes; one engine asks for them, and the queue adds them to its pods."""
    selector: tuple[tuple[str, str], ...]
    """Those of `labels` that tell this kind of GPU from the others."""
    is_spot: bool = False
    is_shared: bool = False
    """Several engines on one GPU."""
    tolerations: tuple[str, ...] = (GPU_RESOURCE,)
    """Taint keys with effect NoSchedule."""


def make_flavors(ground: Ground) -> tuple[Flavor, ...]:
    """GPUs of the substrate, those that stay before those that may be taken away."""
    substrate = ground.platform.substrate
    gke = substrate.gke
    if gke is not None:
        found = [_of_pool(pool, gke.most(pool), ground) for pool in gke.pools if pool.gpu]
        return tuple(sorted(found, key=lambda flavor: flavor.is_spot))
    kinds = substrate.cluster.gpus if substrate.cluster is not None else ()
    if len(kinds) > 1 and any(not kind.labels for kind in kinds):
        raise PlanError(
            "The GPUs of the cluster cannot be told apart.",
            why="there are several kinds, and not every kind says which labels its nodes carry.",
            fix=("substrate.cluster.gpus: [{name: l4, count: 2, labels: {key: value}}]",),
        )
    return tuple(_of_kind(kind, ground) for kind in kinds)


def _of_kind(kind: ClusterGpus, ground: Ground) -> Flavor:
    """GPUs that the cluster has; a shared one counts once for each of its engines."""
    labels = tuple(sorted(kind.labels.items()))
    _check_shared(kind)
    clients = kind.sharing.clients if kind.sharing is not None else 1
    name = _known(kind.name, ground).name
    supply, per_node = kind.count * clients, kind.per_node * clients
    is_shared = kind.sharing is not None
    return Flavor(name, name, supply, per_node, labels, labels, is_shared=is_shared)


def _check_shared(kind: ClusterGpus) -> None:
    """PlanError for what the device plugin cannot share, or calls by another name."""
    if kind.sharing is None:
        return
    if kind.sharing.mode != "time-slicing":
        raise _unshared(f"The GPUs {kind.name} of the cluster", kind.sharing.mode)
    product = kind.labels.get(_PRODUCT, _SHARED)
    if not product.endswith(_SHARED):
        raise PlanError(
            f"No node would carry {_PRODUCT}: {product} once its GPUs are shared.",
            why=f"NVIDIA's feature discovery adds {_SHARED} to the product of shared GPUs.",
            fix=(f"labels: {{{_PRODUCT}: {product}{_SHARED}}}",),
        )


def _of_pool(pool: Pool, most: int, ground: Ground) -> Flavor:
    gpu = _known(pool.gpu or "", ground)
    accelerator = next((a for a in gpu.aliases if a.startswith("nvidia-")), f"nvidia-{gpu.name}")
    shared = pool.sharing.clients if pool.sharing is not None else 1
    selector = [(_ACCELERATOR, accelerator)]
    if pool.sharing is not None:
        selector += [
            ("cloud.google.com/gke-gpu-sharing-strategy", _strategy(pool)),
            ("cloud.google.com/gke-max-shared-clients-per-gpu", str(pool.sharing.clients)),
        ]
    own = [(_POOL, pool.name), *([(_SPOT, "true")] if pool.spot else [])]
    per_node = max(1, pool.count) * shared
    return Flavor(
        name=pool.name,
        gpu=gpu.name,
        supply=per_node * most,
        per_node=per_node,
        labels=tuple(sorted([*selector, *own])),
        selector=tuple(sorted(selector)),
        is_spot=pool.spot,
        is_shared=pool.sharing is not None,
    )


def _strategy(pool: Pool) -> str:
    """How GKE calls the sharing of the pool's GPUs; PlanError for what it does not count as GPUs."""
    mode = pool.sharing.mode if pool.sharing is not None else ""
    if mode in _STRATEGIES:
        return _STRATEGIES[mode]
    raise _unshared(f"The GPUs of the pool {pool.name}", mode)


def _unshared(gpus: str, mode: str) -> PlanError:
    why = {
        "mig": "parts of a GPU have names and memory of their own, which nothing here plans for yet.",
        "mps": "NVIDIA's device plugin has it as an experiment only; GKE has it.",
    }
    return PlanError(
        f"{gpus} cannot be shared by {mode}.",
        why=why[mode],
        fix=("set sharing: {mode: time-slicing, clients: 2}", "remove sharing"),
    )


def _known(name: str, ground: Ground) -> Gpu:
    for gpu in ground.catalog.gpus.values():
        if name == gpu.name or name in gpu.aliases:
            return gpu
    raise PlanError(
        f"The substrate names the GPU {name}, which is not in the catalogue.",
        why=f"known are {', '.join(ground.catalog.gpus)}.",
        fix=("llmplat list gpus",),
    )
