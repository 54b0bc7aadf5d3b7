"""The answer's figures as lines for people: each formula filled in, with where it is from."""

from llmplat.domain.units import GIB
from llmplat.fit.architecture import Architecture
from llmplat.fit.inputs import EngineSettings
from llmplat.fit.result import KvCapacity, Memory, Step, Term

_KV_SOURCE = "vLLM v1/core/kv_cache_utils.py; docs/explanation/gpu-fit.md"


def steps_of(
    architecture: Architecture, settings: EngineSettings, memory: Memory, kv: KvCapacity
) -> tuple[Step, ...]:
    """Every step from the GPU's bytes to the tokens of the cache."""
    total = f"{memory.total_bytes} x {settings.gpu_memory_utilization}"
    needed = f"{kv.needed_bytes / GIB:.3f} GiB for one request of {settings.max_model_len} tokens"
    return (
        Step("requested", f"ceil({total})", _gib(memory.requested_bytes), "vLLM v1/worker/utils.py request_memory"),
        _step("weights", memory.weights),
        _step("torch peak", memory.torch_peak),
        _step("outside torch", memory.non_torch),
        _step("CUDA graphs" + ("" if memory.are_graphs_in_budget else " (outside the budget)"), memory.cuda_graphs),
        _step("KV cache", memory.kv_cache),
        Step("blocks", f"{memory.kv_cache.bytes} bytes in blocks of {kv.block_size} tokens, {kv.groups} groups", str(kv.blocks), _KV_SOURCE),
        Step("tokens", f"{kv.bytes_per_token} bytes per token; {needed}", str(kv.tokens), _KV_SOURCE),
        Step("concurrency", f"{len(architecture.layers)} layers, {kv.blocks} blocks", f"{kv.max_concurrency:.2f}", _KV_SOURCE),
    )  # fmt: skip


def _step(name: str, term: Term) -> Step:
    spread = "" if not term.is_estimate else f" ({_gib(term.p10)} to {_gib(term.p90)})"
    return Step(name, term.formula, _gib(term.bytes) + spread, term.source)


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.2f} GiB"
