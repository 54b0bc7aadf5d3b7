"""Every machine x every legal split of a model -> those that fit with certainty, cheapest first, and why others do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmplat.domain.units import GIB
from llmplat.fit.estimate import estimate_model
from llmplat.fit.family import Family
from llmplat.fit.inputs import Checkpoint, EngineSettings, Gpu
from llmplat.fit.model import read_model
from llmplat.fit.result import FitResult, Verdict

IMAGE_BYTES = 12 * GIB
"""An engine's image unpacked (vLLM's own CUDA image is 10 to 12 GiB)."""
ENGINE_HOST_BYTES = 6 * GIB
"""Main memory of the engine's processes beside the weights that pass through it."""
SHARED_MEMORY_PER_GPU = GIB // 2
"""Shared memory of the pod that ranks of one engine talk through."""


@dataclass(frozen=True)
class MachineOffer:
    """One machine type at one price."""

    name: str
    gpu: Gpu
    gpu_count: int
    memory_bytes: int
    vcpus: int
    region: str
    usd_per_hour: float | None
    spot_usd_per_hour: float | None
    price_as_of: str
    price_source: str
    is_on_demand: bool | None = None

    def price(self, *, use_spot: bool) -> float | None:
        """US dollars per hour; None when no source gives it."""
        return self.spot_usd_per_hour if use_spot else self.usd_per_hour


@dataclass(frozen=True)
class HostLimits:
    """What a node offers beside its machine type; None: not checked."""

    boot_disk_bytes: int | None = None
    image_bytes: int = IMAGE_BYTES
    shared_memory_bytes: int | None = None


@dataclass(frozen=True)
class Candidate:
    """One machine and split that fits, at the 90th percentile too."""

    offer: MachineOffer
    tensor_parallel: int
    pipeline_parallel: int
    result: FitResult
    usd_per_hour: float | None
    kv_tokens_per_usd: float | None
    """Tokens of KV cache per dollar and hour."""

    @property
    def gpus_used(self) -> int:
        """Of the machine's."""
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def host_memory_bytes(self) -> int:
        """Main memory while weights load, /dev/shm included: it is main memory."""
        return _host_memory(self.result)

    @property
    def disk_bytes(self) -> int:
        """Boot disk for the engine's image and the weights, where they are not elsewhere."""
        return _all_weights(self.result) + IMAGE_BYTES

    @property
    def shared_memory_bytes(self) -> int:
        """Shared memory of the pod; 0 for one rank."""
        return _shared_memory(self.result)


@dataclass(frozen=True)
class Rejection:
    """One machine and split that does not fit, and on what."""

    machine: str
    tensor_parallel: int
    pipeline_parallel: int
    reason: str
    bottleneck: str
    """gpu-memory, split, host-memory, boot-disk, shared-memory or gpus-per-node."""
    short_bytes: int = 0


@dataclass(frozen=True)
class SearchReport:
    """All machines that fit, in order, and all that do not."""

    chosen: tuple[Candidate, ...]
    rejected: tuple[Rejection, ...]
    multi_node: tuple[Rejection, ...]
    """Filled when no single machine fits: what several would have to hold."""


def search(  # noqa: PLR0913 (each is one input, by name)
    config: Mapping[str, Any],
    offers: Sequence[MachineOffer],
    settings: EngineSettings,
    *,
    families: Mapping[str, Family] | None = None,
    checkpoint: Checkpoint | None = None,
    use_spot: bool = False,
    by: str = "price",
    host: HostLimits = HostLimits(),
) -> SearchReport:
    """The machines of `offers` that hold the model, sorted by price per hour or KV tokens per dollar.

    Every tensor x pipeline split that the machine has GPUs for is tried, one per machine kept: the
    fewest GPUs, then the least pipeline. Unknown prices come last. Raises InputError as estimate.
    """
    model = read_model(config, families, checkpoint)
    chosen: list[Candidate] = []
    rejected: list[Rejection] = []
    answers: dict[tuple[str, int, int], FitResult] = {}
    for offer in offers:
        best: Candidate | None = None
        for tp, pp in splits(offer.gpu_count):
            key = (offer.gpu.name, tp, pp)
            if key not in answers:
                changed = replace(settings, tensor_parallel=tp, pipeline_parallel=pp)
                answers[key] = estimate_model(model, changed, offer.gpu, with_fixes=False)
            result = answers[key]
            no = _gpu_rejection(offer, result) or _host_rejection(offer, result, host)
            if no is not None:
                rejected.append(no)
            elif best is None:
                best = _candidate(offer, result, use_spot=use_spot)
        if best is not None:
            chosen.append(best)
    several = () if chosen else _several_nodes(model.architecture.model_type, rejected)
    return SearchReport(tuple(sorted(chosen, key=_order(by))), tuple(rejected), several)


def splits(gpu_count: int) -> tuple[tuple[int, int], ...]:
    """Tensor x pipeline splits of up to `gpu_count` GPUs in powers of two: fewest GPUs, least pipeline first."""
    sizes = [2**n for n in range(gpu_count.bit_length()) if 2**n <= gpu_count]
    pairs = [(tp, pp) for tp in sizes for pp in sizes if tp * pp <= gpu_count]
    return tuple(sorted(pairs, key=lambda pair: (pair[0] * pair[1], pair[1])))


def _candidate(offer: MachineOffer, result: FitResult, *, use_spot: bool) -> Candidate:
    price = offer.price(use_spot=use_spot)
    tokens = result.kv_cache.tokens / price if price else None
    tp, pp = result.settings.tensor_parallel, result.settings.pipeline_parallel
    return Candidate(offer, tp, pp, result, price, tokens)


def _gpu_rejection(offer: MachineOffer, result: FitResult) -> Rejection | None:
    if result.verdict is Verdict.FITS:
        return None
    is_split = result.verdict is Verdict.DOES_NOT_FIT and result.short_bytes == 0
    reason = "; ".join(result.reasons)
    if result.verdict is Verdict.TIGHT:
        reason = f"fits by the estimate but not with certainty: {reason}"
    return _no(offer, result, reason, "split" if is_split else "gpu-memory", result.short_bytes)


def _host_rejection(offer: MachineOffer, result: FitResult, host: HostLimits) -> Rejection | None:
    """Weights pass through main memory, lie on the boot disk, and ranks talk through shared memory."""
    needed = _host_memory(result)
    if needed > offer.memory_bytes:
        reason = f"{_gib(needed)} of main memory are needed while weights load, the node has {_gib(offer.memory_bytes)}"
        return _no(offer, result, reason, "host-memory", needed - offer.memory_bytes)
    disk = _all_weights(result) + host.image_bytes
    if host.boot_disk_bytes is not None and disk > host.boot_disk_bytes:
        reason = f"image and weights need {_gib(disk)} of disk, the node has {_gib(host.boot_disk_bytes)}"
        return _no(offer, result, reason, "boot-disk", disk - host.boot_disk_bytes)
    shared = _shared_memory(result)
    if host.shared_memory_bytes is not None and shared > host.shared_memory_bytes:
        reason = f"{_gpus(result)} ranks need {_gib(shared)} of shared memory, the pod has {_gib(host.shared_memory_bytes)}"
        return _no(offer, result, reason, "shared-memory", shared - host.shared_memory_bytes)
    return None


def _gpus(result: FitResult) -> int:
    return result.settings.tensor_parallel * result.settings.pipeline_parallel


def _all_weights(result: FitResult) -> int:
    return result.memory.weights.bytes * _gpus(result)


def _host_memory(result: FitResult) -> int:
    return _all_weights(result) + ENGINE_HOST_BYTES + _shared_memory(result)


def _shared_memory(result: FitResult) -> int:
    return SHARED_MEMORY_PER_GPU * _gpus(result) if _gpus(result) > 1 else 0


def _no(
    offer: MachineOffer, result: FitResult, reason: str, bottleneck: str, short: int
) -> Rejection:
    settings = result.settings
    return Rejection(
        offer.name,
        settings.tensor_parallel,
        settings.pipeline_parallel,
        reason,
        bottleneck,
        max(0, short),
    )


def _several_nodes(name: str, rejected: list[Rejection]) -> tuple[Rejection, ...]:
    """The nearest miss of the largest machines: more than one node is needed."""
    by_memory = [no for no in rejected if no.bottleneck in ("gpu-memory", "host-memory")]
    nearest = sorted(by_memory, key=lambda no: no.short_bytes)[:1]
    return tuple(
        replace(
            no,
            bottleneck="gpus-per-node",
            reason=f"no single machine holds this {name} model; the nearest, {no.machine}, is {_gib(no.short_bytes)} "
            "per GPU short. Several nodes would need a LeaderWorkerSet, which llmplat does not render yet",
        )
        for no in nearest
    )


def _order(by: str) -> Any:  # noqa: ANN401 (a sort key)
    if by == "tokens-per-usd":
        return lambda c: (c.kv_tokens_per_usd is None, -(c.kv_tokens_per_usd or 0), c.offer.name)
    return lambda c: (c.usd_per_hour is None, c.usd_per_hour or 0, c.offer.name)


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.1f} GiB"
