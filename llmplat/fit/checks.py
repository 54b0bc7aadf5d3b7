"""What the engine would say: each of its start-up checks with the error it prints, in its order."""

from dataclasses import dataclass

from llmplat.domain.units import GIB
from llmplat.fit.architecture import Architecture, Kind
from llmplat.fit.inputs import AUTO, EngineSettings, Gpu
from llmplat.fit.result import KvCapacity, Memory
from llmplat.fit.version import V1, parse_version


@dataclass(frozen=True)
class Failure:
    """One check that fails, in our words and the engine's."""

    reason: str
    vllm_error: str
    short_bytes: int = 0


def shape_failure(
    architecture: Architecture, settings: EngineSettings, longest: int
) -> Failure | None:
    """Settings that no amount of memory makes right: ranks that do not divide, a context too long."""
    tp, pp = settings.tensor_parallel, settings.pipeline_parallel
    attention = [m for m in architecture.mixers if m.heads]
    for heads in sorted({m.heads for m in attention}):
        if heads % tp:
            return Failure(
                f"tensor parallelism {tp} does not divide the {heads} attention heads",
                f"Total number of attention heads ({heads}) must be divisible by tensor parallel size ({tp}).",
            )
    for kv in sorted({m.kv_heads for m in attention if m.kind is not Kind.MLA}):
        if kv % tp and tp % kv:
            return Failure(
                f"tensor parallelism {tp} neither divides nor is a multiple of the {kv} key-value heads",
                f"AssertionError: total_num_kv_heads ({kv}) and tensor parallel size ({tp}) do not divide",
            )
    if architecture.padded_vocab % tp:
        vocab = architecture.padded_vocab
        return Failure(
            f"tensor parallelism {tp} does not divide the padded vocabulary of {vocab}",
            f"AssertionError: {vocab} is not divisible by {tp}",
        )
    if pp > len(architecture.layers):
        return Failure(
            f"{pp} pipeline stages are more than the {len(architecture.layers)} layers",
            "ValueError: Pipeline parallelism: a stage would have no layers",
        )
    asked = settings.max_model_len
    if asked is not None and asked != AUTO and asked > longest:
        return Failure(
            f"a context of {asked} tokens is longer than the {longest} the model was made for",
            f"User-specified max_model_len ({asked}) is greater than the derived max_model_len "
            f"(max_position_embeddings={longest} or model_max_length=None in model's config.json).",
        )
    return None


def free_failure(memory: Memory, gpu: Gpu) -> Failure | None:
    """Too little free when the engine starts; only when the free memory was given."""
    if gpu.free_bytes is None or gpu.free_bytes >= memory.requested_bytes:
        return None
    utilization = memory.requested_bytes / memory.total_bytes
    return Failure(
        f"{_gib(gpu.free_bytes)} GiB are free, {_gib(memory.requested_bytes)} GiB are asked for",
        f"Free memory on device cuda:0 ({_gib(gpu.free_bytes)}/{_gib(memory.total_bytes)} GiB) on startup is less "
        f"than desired GPU memory utilization ({utilization:.4g}, {_gib(memory.requested_bytes)} GiB). Decrease GPU "
        "memory utilization or reduce GPU memory used by other processes.",
        memory.requested_bytes - gpu.free_bytes,
    )


def cache_failure(kv: KvCapacity, available: int, settings: EngineSettings) -> Failure | None:
    """No memory for blocks, or not enough for one request of the whole context."""
    version = parse_version(settings.vllm_version)
    if available <= 0:
        return Failure(
            f"weights and workspaces leave no room for a KV cache: {_gib(-available)} GiB too much",
            "No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when "
            "initializing the engine.",
            kv.needed_bytes - available,
        )
    length = settings.max_model_len
    if length == AUTO:
        return _auto_failure(kv, available)
    if kv.needed_bytes <= available:
        return None
    need = f"{_gib(kv.needed_bytes)} GiB KV cache is needed"
    if version < V1:
        error = (
            f"The model's max seq len ({length}) is larger than the maximum number of tokens that can be stored in "
            f"KV cache ({kv.tokens}). Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when "
            "initializing the engine."
        )
    else:
        hint = (
            f"Based on the available memory, the estimated maximum model length is {kv.max_model_len_that_fits}. "
            if kv.max_model_len_that_fits else ""
        )  # fmt: skip
        error = (
            f"To serve at least one request with the model's max seq len ({length}), ({need}, which is larger than "
            f"the available KV cache memory ({_gib(available)} GiB). {hint}Try increasing "
            "`gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine."
        )
    return Failure(
        f"one request of {length} tokens needs {_gib(kv.needed_bytes)} GiB of KV cache, {_gib(available)} GiB are left",
        error,
        kv.needed_bytes - available,
    )


def _auto_failure(kv: KvCapacity, available: int) -> Failure | None:
    if kv.max_model_len_that_fits > 0:
        return None
    return Failure(
        "not even one token fits the KV cache",
        "Cannot auto-fit max_model_len: not enough GPU memory available to serve even a single token. "
        "Try increasing `gpu_memory_utilization`.",
        kv.needed_bytes - available,
    )


def after_sizing_room(memory: Memory, gpu: Gpu, graphs_bytes: int, before_bytes: int) -> int:
    """Bytes left on the GPU once cache and graphs are there; negative when they do not fit.

    `before_bytes`: taken before the engine looked, unless the GPU's free memory is known.
    """
    used = (
        memory.weights.bytes
        + memory.torch_peak.bytes
        + memory.non_torch.bytes
        + memory.kv_cache.bytes
    )
    used += graphs_bytes
    others = before_bytes
    if gpu.free_bytes is not None:
        others = max(0, gpu.total_bytes - gpu.free_bytes)
    return memory.total_bytes - others - used


def logits_bytes(architecture: Architecture, settings: EngineSettings) -> int:
    """One fp32 copy of the logits: what warming up the sampler still asks for after sizing."""
    return 4 * (settings.max_num_seqs or 256) * architecture.padded_vocab


def after_sizing_failure(short: int, settings: EngineSettings) -> Failure:
    """The GPU runs out while graphs are captured or the sampler is warmed up."""
    return Failure(
        f"after sizing the cache, graphs and sampler need {_gib(short)} GiB more than the GPU has",
        f"CUDA out of memory occurred when warming up sampler with {settings.max_num_seqs} dummy requests. "
        "Please try lowering `max_num_seqs` or `gpu_memory_utilization` when initializing the engine.",
        short,
    )


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.2f}"
