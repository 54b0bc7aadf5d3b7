"""Pools with GPUs -> no machines, where nothing runs on them any more, and back to their limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmplat.domain.cluster import Cluster, Object
from llmplat.domain.node_pools import NodePools
from llmplat.domain.paused import PausedPool
from llmplat.domain.ports import Progress, StepProgress
from llmplat.plan.cluster.flavors import GPU_RESOURCE

_POOL_OF_NODE = "cloud.google.com/gke-nodepool"
_OVER = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class PoolTools:
    """The machines under a cluster that llmplat made."""

    pools: NodePools
    least: Mapping[str, int]
    """Pool with GPUs -> machines that each of its zones always has."""


def find_pools(tools: PoolTools) -> tuple[PausedPool, ...]:
    """Those that are there, as they are now."""
    found = ((name, tools.pools.limits(name)) for name in sorted(tools.least))
    return tuple(
        PausedPool(name, dict(limits), tools.least[name])
        for name, limits in found
        if limits is not None
    )


def empty_pools(
    cluster: Cluster, paused: tuple[PausedPool, ...], tools: PoolTools, progress: Progress
) -> None:
    """No machine is kept; pools on which nobody computes go to zero at once.

    A job that still runs keeps its machine: its queue is held, and the pool empties when it ends.
    """
    with progress.step("Pools with GPUs to zero") as step:
        for pool in paused:
            _keep_none(pool, tools.pools, step)
            running = sorted(_computing(cluster, pool.name))
            if not running:
                step.detail(f"{pool.name}: no machines")
                tools.pools.resize(pool.name, 0)
                continue
            fate = "goes when it ends" if pool.limits else "stays: the size of the pool is fixed"
            progress.warn(f"the pool {pool.name} still runs {running[0]}; its machine {fate}")


def fill_pools(paused: tuple[PausedPool, ...], tools: PoolTools, progress: Progress) -> None:
    """The limits of before, and at once the machines that the pool always has."""
    with progress.step("Pools with GPUs back to their limits") as step:
        for pool in paused:
            step.detail(pool.name)
            if pool.limits:
                tools.pools.set_limits(pool.name, pool.limits)
            if pool.nodes:
                tools.pools.resize(pool.name, pool.nodes)


def _keep_none(pool: PausedPool, pools: NodePools, step: StepProgress) -> None:
    """Its most stays as it is: a pool without one could not come back by itself."""
    fewest = {key: 0 for key in ("minNodeCount", "totalMinNodeCount") if pool.limits.get(key)}
    if fewest:
        step.detail(f"{pool.name}: keeps no machine")
        pools.set_limits(pool.name, {**pool.limits, **fewest})


def _computing(cluster: Cluster, pool: str) -> Iterator[str]:
    """Pods with GPUs on machines of the pool, as "namespace/name"."""
    nodes = {
        node["metadata"]["name"] for node in cluster.list("v1", "Node", None, {_POOL_OF_NODE: pool})
    }
    for pod in cluster.list("v1", "Pod") if nodes else ():
        is_there = (pod.get("spec") or {}).get("nodeName") in nodes
        if is_there and (pod.get("status") or {}).get("phase") not in _OVER and _has_gpus(pod):
            yield f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _has_gpus(pod: Object) -> bool:
    """Exporters of metrics and drivers ask for none."""
    containers = pod["spec"].get("containers", ())
    return any(
        GPU_RESOURCE in ((one.get("resources") or {}).get("limits") or {}) for one in containers
    )
