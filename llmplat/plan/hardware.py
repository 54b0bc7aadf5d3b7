"""Turns `gpu:` and the substrate into the hardware one replica runs on."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmplat.catalog.entries import Catalog, Gpu
from llmplat.domain.errors import PlanError
from llmplat.plan.gpu_cost import usd_per_gpu_hour
from llmplat.spec.model import Model
from llmplat.spec.platform import Platform
from llmplat.spec.scalars import OptionValue

if TYPE_CHECKING:
    from llmplat.spec.lock import LockedGpu

CPU_RUNTIME = "vllm-cpu"
CUDA_RUNTIME = "vllm-cuda"
TENSOR_PARALLEL = "tensor-parallel-size"
PIPELINE_PARALLEL = "pipeline-parallel-size"


@dataclass(frozen=True)
class Hardware:
    """What one replica runs on and what that costs."""

    name: str
    runtime: str
    gpu: Gpu | None
    bandwidth_bytes_per_s: int
    usd_per_hour: float
    usd_per_hour_from: str
    """Where the hourly price is from, for people."""
    overhead_bytes: int
    """Main memory of one engine beside weights and KV cache."""
    shared_by: int = 1
    """Engines on one GPU, each with its part of the memory."""


def hardware_of(
    model: Model, platform: Platform, catalog: Catalog, free: Sequence["LockedGpu"] = ()
) -> Hardware:
    """The hardware of one replica: the named GPU; for `auto` one of the `free`, else the processor.

    On a cluster `auto` is decided before (see serve), among the GPUs that it offers.

    Planning does not look at the machine: `free` are GPUs the lock knows that no model has yet.
    Raises PlanError for a GPU the catalogue does not know.
    """
    machine = catalog.machines["local"]
    gpu = _seen(model, catalog, free) if model.gpu == "auto" else _gpu(model, catalog)
    usd, told = _usd_per_hour(platform, gpu, machine.usd_per_hour)
    # A GPU without a sourced bandwidth is priced as this machine: slow, so never too cheap.
    bandwidth = (gpu and gpu.memory_bandwidth_bytes_per_s) or machine.memory_bandwidth_bytes_per_s
    return Hardware(
        name=gpu.name if gpu else machine.name,
        runtime=CUDA_RUNTIME if gpu else CPU_RUNTIME,
        gpu=gpu,
        bandwidth_bytes_per_s=bandwidth,
        usd_per_hour=usd,
        usd_per_hour_from=told,
        overhead_bytes=machine.engine_overhead_bytes,
        shared_by=_shared_by(gpu, platform) if gpu else 1,
    )


def _shared_by(gpu: Gpu, platform: Platform) -> int:
    """Engines on one GPU of that kind; PlanError when its pools do not agree."""
    names = {gpu.name, *gpu.aliases}
    gke, cluster = platform.substrate.gke, platform.substrate.cluster
    mine = [pool.sharing for pool in gke.pools if pool.gpu in names] if gke else []
    mine += [kind.sharing for kind in cluster.gpus if kind.name in names] if cluster else []
    found = {sharing.clients if sharing is not None else 1 for sharing in mine}
    if len(found) > 1:
        raise PlanError(
            f"Some GPUs {gpu.name} are shared and others are not.",
            why="a model names its GPU, not its pool, so its part of the memory is not known.",
            fix=(f"give all pools with {gpu.name} the same sharing",),
        )
    return found.pop() if found else 1


def _seen(model: Model, catalog: Catalog, free: Sequence["LockedGpu"]) -> Gpu | None:
    """The catalogue's GPU that is free for each replica; None when there are too few or others."""
    count = model.replicas.max * _gpus_of_replica(model)
    found = {_known(gpu, catalog) for gpu in free[:count]}
    return found.pop() if len(free) >= count and len(found) == 1 else None


def _gpus_of_replica(model: Model) -> int:
    options = model.engine.options
    return (whole_option(options, TENSOR_PARALLEL) or 1) * (
        whole_option(options, PIPELINE_PARALLEL) or 1
    )


def _known(seen: "LockedGpu", catalog: Catalog) -> Gpu | None:
    """The catalogue's GPU of that name whose memory is nearest to what the driver tells."""
    words = set(seen.name.lower().replace("-", " ").split())
    near = [gpu for name, gpu in catalog.gpus.items() if _model_words(name) <= words]
    memory_bytes = seen.memory_bytes or 0
    return min(near, key=lambda gpu: abs(gpu.memory_bytes - memory_bytes), default=None)


def _model_words(name: str) -> set[str]:
    """What of a catalogue name is the GPU's own: rtx-pro-6000, h100-80gb -> h100."""
    return {word for word in name.split("-") if not word.endswith("gb")}


def whole_option(options: Mapping[str, OptionValue], name: str) -> int | None:
    """The positive whole number behind option `name`; None when it is something else."""
    value = options.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def offered_gpus(platform: Platform, catalog: Catalog) -> tuple[str, ...]:
    """GPUs of a cluster by their catalogue names, smallest memory first; none on this machine."""
    cluster, gke = platform.substrate.cluster, platform.substrate.gke
    named = [gpus.name for gpus in cluster.gpus] if cluster else []
    named += [pool.gpu for pool in gke.pools if pool.gpu] if gke else []
    known = {name for name in named if name in catalog.gpus}
    return tuple(sorted(known, key=lambda name: (catalog.gpus[name].memory_bytes, name)))


def _usd_per_hour(
    platform: Platform, gpu: Gpu | None, default_usd_per_hour: float
) -> tuple[float, str]:
    local = platform.substrate.local
    if local is not None and local.usd_per_hour is not None:
        return local.usd_per_hour, "substrate.local.usdPerHour"
    stated = _stated(platform, gpu)
    if stated is not None:
        return stated, "substrate.cluster.gpus"
    if local is None and gpu is not None:
        region = platform.substrate.gke.region if platform.substrate.gke else None
        rented = usd_per_gpu_hour(gpu, region)
        if rented is not None:
            return rented
    return default_usd_per_hour, "the catalogue's default for this machine"


def _stated(platform: Platform, gpu: Gpu | None) -> float | None:
    """The file's own price of one GPU in a cluster."""
    cluster = platform.substrate.cluster
    if cluster is None or gpu is None:
        return None
    names = {gpu.name, *gpu.aliases}
    prices = (kind.usd_per_hour for kind in cluster.gpus if kind.name in names)
    return next((price for price in prices if price is not None), None)


def _gpu(model: Model, catalog: Catalog) -> Gpu:
    if model.gpu in catalog.gpus:
        return catalog.gpus[model.gpu]
    near = difflib.get_close_matches(model.gpu, catalog.gpus, n=1)
    raise PlanError(
        f"The model {model.name} asks for the GPU {model.gpu}, which is not in the catalogue.",
        why=f"did you mean {near[0]}?" if near else f"known are {', '.join(catalog.gpus)}.",
        fix=("llmplat list gpus", f"set gpu: auto for {model.name}"),
    )
