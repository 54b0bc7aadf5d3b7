"""Turns context, concurrency and memory into KV cache, and that into requests let through."""

from dataclasses import dataclass

from llmplat.domain.errors import DoesNotFitError
from llmplat.domain.units import GIB, MIB, format_size
from llmplat.fit.kv_cache import KvCache, bytes_for, kv_cache_of, text_config, tokens_in
from llmplat.fit.memory import MemoryNeed
from llmplat.plan.facts import ModelFacts
from llmplat.plan.hardware import Hardware
from llmplat.plan.plan import PlannedCapacity
from llmplat.spec.model import Model

BLOCK_TOKENS = 128
"""Tokens in a KV-cache block: the CPU engine's size; a GPU's is smaller, which rounds less."""

DERIVED_AT_MOST_BYTES = 4 * GIB
"""Without `kvCacheMemory`, more than this is taken only when one full context needs it."""

GPU_USABLE = 0.90
"""Share of GPU memory given to weights and KV cache; the rest is for activations and graphs."""


@dataclass(frozen=True)
class Sizing:
    """One replica's memory and what fits into it."""

    context: int
    gpu: str | None
    kv: KvCache
    kv_cache_bytes: int
    kv_tokens: int
    running: int
    """Requests the engine runs at once, each with a full context."""
    memory: MemoryNeed
    warnings: tuple[str, ...]


def size_model(model: Model, facts: ModelFacts, hardware: Hardware, dtype: str) -> Sizing:
    """Memory and requests of one replica; `dtype` is the engine's name of the KV-cache type.

    Raises DoesNotFitError, with figures, when the KV cache cannot hold one full context.
    """
    context = context_of(model, facts)
    kv = kv_cache_of(facts.config, kv_dtype=dtype)
    kv_cache_bytes = _kv_cache_bytes(model, facts, hardware, context, kv)
    tokens = tokens_in(kv_cache_bytes, kv.bytes_per_token, BLOCK_TOKENS)
    if tokens < context:
        raise _too_small(model, context, kv, kv_cache_bytes, tokens)
    running = min(model.concurrency, max(1, tokens // context))
    return Sizing(
        context=context,
        gpu=hardware.gpu.name if hardware.gpu else None,
        kv=kv,
        kv_cache_bytes=kv_cache_bytes,
        kv_tokens=tokens,
        running=running,
        memory=MemoryNeed(facts.weights_bytes, kv_cache_bytes, hardware.overhead_bytes),
        warnings=_warnings(model, context, kv, kv_cache_bytes, running),
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


def _kv_cache_bytes(
    model: Model, facts: ModelFacts, hardware: Hardware, context: int, kv: KvCache
) -> int:
    asked = model.engine.kv_cache_memory_bytes
    if asked is None:
        one = bytes_for(context, 1, kv.bytes_per_token, BLOCK_TOKENS)
        every = bytes_for(context, model.concurrency, kv.bytes_per_token, BLOCK_TOKENS)
        asked = _whole_mib(max(one, min(every, DERIVED_AT_MOST_BYTES)))
    if hardware.gpu is None:
        return asked
    free = int(hardware.gpu.memory_bytes * GPU_USABLE) - facts.weights_bytes
    if free <= 0:
        raise _weights_too_big(model, facts, hardware)
    return min(asked, free)


def _whole_mib(size_bytes: int) -> int:
    return -(-size_bytes // MIB) * MIB


def _warnings(
    model: Model, context: int, kv: KvCache, kv_cache_bytes: int, running: int
) -> tuple[str, ...]:
    if running >= model.concurrency:
        return ()
    needed = bytes_for(context, model.concurrency, kv.bytes_per_token, BLOCK_TOKENS)
    told = (
        f"{model.name}: {format_size(kv_cache_bytes)} of KV cache hold {running} full contexts, so "
        f"{running} requests run at once instead of concurrency {model.concurrency}; "
        f"engine.kvCacheMemory: {_mib(needed)} would hold them all"
    )
    return (told,)


def _too_small(
    model: Model, context: int, kv: KvCache, kv_cache_bytes: int, tokens: int
) -> DoesNotFitError:
    needed = bytes_for(context, 1, kv.bytes_per_token, BLOCK_TOKENS)
    fixes = [f"set engine.kvCacheMemory: {_mib(needed)} for {model.name}"]
    if tokens >= BLOCK_TOKENS:
        fixes.append(f"or set context: {tokens} for {model.name}")
    return DoesNotFitError(
        f"The KV cache of {model.name} cannot hold one full context.",
        why=(
            f"{format_size(kv_cache_bytes)} hold {tokens} tokens; a context of {context} tokens "
            f"needs {format_size(needed)} ({kv.how} = {kv.bytes_per_token} bytes per token)."
        ),
        fix=tuple(fixes),
    )


def _weights_too_big(model: Model, facts: ModelFacts, hardware: Hardware) -> DoesNotFitError:
    memory_bytes = hardware.gpu.memory_bytes if hardware.gpu else 0
    return DoesNotFitError(
        f"{model.name} does not fit on 1 x {hardware.name}.",
        why=(
            f"its weights are {format_size(facts.weights_bytes)}; {GPU_USABLE:.0%} of "
            f"{format_size(memory_bytes)} are usable."
        ),
        fix=("llmplat list gpus", f"choose a larger gpu for {model.name}"),
    )


def _mib(size_bytes: int) -> str:
    return f"{-(-size_bytes // MIB)}MiB"
