"""Turns context, concurrency and memory into KV cache, and that into requests let through."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmplat.domain.errors import DoesNotFitError, InputError
from llmplat.domain.units import GIB, MIB, format_size
from llmplat.fit.kv_cache import KvCache, KvSettings, kv_cache_of, text_config
from llmplat.fit.memory import MemoryNeed
from llmplat.plan.facts import ModelFacts
from llmplat.plan.fit_values import families
from llmplat.plan.hardware import Hardware
from llmplat.plan.planned import PlannedCapacity
from llmplat.spec.model import Model
from llmplat.spec.scalars import OptionValue

if TYPE_CHECKING:
    from llmplat.plan.gpu_sizing import GpuSizing

BLOCK_TOKENS = 128
"""Tokens in a KV-cache block of the CPU engine (vLLM, platforms/cpu.py)."""

MLA_BLOCK_TOKENS = 16
"""The same for latent attention, whose CPU kernel knows no other (vLLM, platforms/cpu.py)."""

BATCHED_TOKENS = 2048
"""Tokens of one forward pass; said to the engine, since windows are planned for them."""

DERIVED_AT_MOST_BYTES = 4 * GIB
"""Without `kvCacheMemory`, more than this is taken only when one full context needs it."""


@dataclass(frozen=True)
class Sizing:
    """One replica's memory and what fits into it."""

    context: int
    gpu: str | None
    kv_cache_bytes: int
    kv_tokens: int
    kv_bytes_per_token: int
    how: str
    """Where the KV cache's figures are from, for people."""
    running: int
    """Requests the engine runs at once, each with a full context."""
    memory: MemoryNeed
    warnings: tuple[str, ...]
    batched_tokens: int = BATCHED_TOKENS
    on_gpu: "GpuSizing | None" = None
    """None on a processor."""


def size_model(
    model: Model,
    facts: ModelFacts,
    hardware: Hardware,
    options: Mapping[str, OptionValue],
    *,
    is_unfit_accepted: bool = False,
) -> Sizing:
    """Memory and requests of one replica; `options` are the engine's, defaults included.

    Raises DoesNotFitError, with figures, when one full context does not fit; on a GPU only unless
    `is_unfit_accepted`.
    """
    context = context_of(model, facts)
    if hardware.gpu is None:
        return _on_processor(model, facts, hardware, context, options)
    from llmplat.plan.gpu_sizing import size_on_gpu  # noqa: PLC0415 (the estimate is slow to import)

    sized = size_on_gpu(model, facts, hardware.gpu, context, options, shared_by=hardware.shared_by)
    if sized.is_unfit and not is_unfit_accepted:
        raise sized.refusal()
    result = sized.result
    running = max(1, min(model.concurrency, int(result.kv_cache.max_concurrency)))
    memory = result.memory
    others = memory.torch_peak.bytes + memory.non_torch.bytes + memory.cuda_graphs.bytes
    return Sizing(
        context=context,
        gpu=hardware.gpu.name,
        kv_cache_bytes=memory.kv_cache.bytes,
        kv_tokens=result.kv_cache.tokens,
        kv_bytes_per_token=result.kv_cache.bytes_per_token,
        how=sized.how,
        running=running,
        memory=MemoryNeed(memory.weights.bytes, memory.kv_cache.bytes, others),
        warnings=(*sized.warnings, *_fewer(model, running, result.kv_cache.max_concurrency)),
        batched_tokens=result.settings.max_num_batched_tokens or BATCHED_TOKENS,
        on_gpu=sized,
    )


def context_of(model: Model, facts: ModelFacts) -> int:
    """Tokens of one request; DoesNotFitError when the model was not made for so many."""
    longest = text_config(facts.config).get("max_position_embeddings")
    if model.context is None:
        return longest if isinstance(longest, int) else 2048
    if isinstance(longest, int) and model.context > longest:
        raise DoesNotFitError(
            f"The model {model.name} cannot read a context of {model.context} tokens.",
            why=f"it was made for {longest} tokens, {model.context - longest} fewer.",
            fix=(f"set context: {longest} for {model.name}",),
        )
    return model.context


def capacity_of(model: Model, running: int, waiting_per_replica: int) -> PlannedCapacity:
    """Requests let through by all replicas (or external services) of `model` together."""
    replicas = len(model.external) or model.replicas.max
    return PlannedCapacity(running * replicas, waiting_per_replica * replicas)


def _on_processor(
    model: Model,
    facts: ModelFacts,
    hardware: Hardware,
    context: int,
    options: Mapping[str, OptionValue],
) -> Sizing:
    kv = _kv_cache(model, facts, context, options)
    kv_cache_bytes = model.engine.kv_cache_memory_bytes
    if kv_cache_bytes is None:
        every = min(kv.bytes_for(model.concurrency), DERIVED_AT_MOST_BYTES)
        kv_cache_bytes = _whole_mib(max(kv.bytes_for(1), every))
    running = min(model.concurrency, kv.running_in(kv_cache_bytes))
    if running < 1:
        raise _too_small(model, kv, kv_cache_bytes)
    return Sizing(
        context=context,
        gpu=None,
        kv_cache_bytes=kv_cache_bytes,
        kv_tokens=kv.tokens_in(kv_cache_bytes),
        kv_bytes_per_token=kv.bytes_per_token,
        how=kv.how,
        running=running,
        memory=MemoryNeed(facts.weights_bytes, kv_cache_bytes, hardware.overhead_bytes),
        warnings=_warnings(model, kv, kv_cache_bytes, running),
        batched_tokens=_batched(options),
    )


def _kv_cache(
    model: Model, facts: ModelFacts, context: int, options: Mapping[str, OptionValue]
) -> KvCache:
    is_mla = bool(text_config(facts.config).get("kv_lora_rank"))
    try:
        return kv_cache_of(
            facts.config,
            families(),
            KvSettings(
                context=context,
                block_tokens=_block(options, is_mla=is_mla),
                batched_tokens=_batched(options),
                dtype=str(options.get("dtype", "auto")),
                kv_dtype=str(options.get("kv-cache-dtype", "auto")),
            ),
        )
    except (InputError, ValueError) as exc:
        told = f"{exc.what} {exc.why or ''}".strip() if isinstance(exc, InputError) else str(exc)
        raise DoesNotFitError(
            f"The KV cache of {model.name} cannot be computed.",
            why=told,
            fix=("llmplat lock", "check the model's config.json"),
        ) from exc


def _block(options: Mapping[str, OptionValue], *, is_mla: bool) -> int:
    asked = options.get("block-size")
    if is_mla:
        return MLA_BLOCK_TOKENS
    return asked if isinstance(asked, int) and asked > 0 else BLOCK_TOKENS


def _batched(options: Mapping[str, OptionValue]) -> int:
    asked = options.get("max-num-batched-tokens")
    return asked if isinstance(asked, int) and asked > 0 else BATCHED_TOKENS


def _whole_mib(size_bytes: int) -> int:
    return -(-size_bytes // MIB) * MIB


def _warnings(model: Model, kv: KvCache, kv_cache_bytes: int, running: int) -> tuple[str, ...]:
    told = []
    if kv.is_estimate:
        told.append(
            f"{model.name}: its architecture is not known; the KV cache is counted as plain "
            "attention and may be wrong"
        )
    if running < model.concurrency:
        needed = kv.bytes_for(model.concurrency)
        told.append(
            f"{model.name}: {format_size(kv_cache_bytes)} of KV cache hold {running} full "
            f"contexts, so {running} requests run at once instead of concurrency "
            f"{model.concurrency}; engine.kvCacheMemory: {_mib(needed)} would hold them all"
        )
    return tuple(told)


def _fewer(model: Model, running: int, held: float) -> tuple[str, ...]:
    if running >= model.concurrency:
        return ()
    told = (
        f"{model.name}: the KV cache holds {held:.1f} full contexts, so {running} requests run at "
        f"once instead of concurrency {model.concurrency}"
    )
    return (told,)


def _too_small(model: Model, kv: KvCache, kv_cache_bytes: int) -> DoesNotFitError:
    needed = kv.bytes_for(1)
    fixes = [f"set engine.kvCacheMemory: {_mib(needed)} for {model.name}"]
    longest = kv.longest_in(kv_cache_bytes)
    if longest >= kv.layout.block_size:
        fixes.append(f"or set context: {longest} for {model.name}")
    return DoesNotFitError(
        f"The KV cache of {model.name} cannot hold one full context.",
        why=(
            f"{format_size(kv_cache_bytes)} hold {longest} tokens; a context of {kv.context} "
            f"tokens needs {format_size(needed)} ({kv.how})."
        ),
        fix=tuple(fixes),
    )


def _mib(size_bytes: int) -> str:
    return f"{-(-size_bytes // MIB)}MiB"
