"""Fills in what a start-up leaves open, as the engine of that version does on that GPU."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmplat.domain.units import GIB
from llmplat.fit.architecture import Architecture, Kind
from llmplat.fit.config_values import Values
from llmplat.fit.inputs import AUTO, EngineSettings, Gpu
from llmplat.fit.quantization import kv_cache_scheme
from llmplat.fit.version import (
    HIGH_UTILIZATION,
    KV_DTYPE_FROM_CHECKPOINT,
    LARGE_BATCH,
    V1,
    parse_version,
)

Value = str | int | float | bool
_HALF = {"float32": "bfloat16"}
"""`auto` loads fp32 checkpoints in half precision."""
_WHOLE_PROMPT, _CHUNKED = 32768, (0, 6)
"""Engine V0 batches a whole prompt up to this context, and any before 0.6."""
_NOT_STRETCHED = ("llama3", "longrope", "su", "mrope", "default", "dynamic", "proportional")


def resolve(
    architecture: Architecture, longest: int, settings: EngineSettings, gpu: Gpu
) -> tuple[EngineSettings, dict[str, Value]]:
    """`settings` without gaps, and the values that were taken for the gaps.

    `longest`: tokens that the model was made for (`longest_context`).
    Rules: vLLM 0.32, engine/arg_utils.py get_batch_defaults; older versions as
    docs/explanation/gpu-fit.md says. `max_model_len` stays AUTO when it was.
    """
    version = parse_version(settings.vllm_version)
    tokens, sequences = _batch(version, gpu, settings)
    length = (
        settings.max_model_len if settings.max_model_len and settings.max_model_len > 0 else longest
    )
    if version < V1 and (length <= _WHOLE_PROMPT or version < _CHUNKED):
        tokens = max(tokens, length)
    tokens = settings.max_num_batched_tokens or tokens
    gaps: dict[str, Value] = {
        "max_model_len": longest,
        "max_num_batched_tokens": tokens,
        "max_num_seqs": min(sequences, tokens),
        "dtype": _HALF.get(architecture.dtype, architecture.dtype),
        "kv_cache_dtype": _kv_dtype(architecture, version, settings),
        "gpu_memory_utilization": 0.92 if version >= HIGH_UTILIZATION else 0.9,
        "block_size": _block_size(architecture, gpu),
    }
    if gpu.platform == "cpu":
        gaps["gpu_memory_utilization"] = 0.9
    taken = {name: value for name, value in gaps.items() if getattr(settings, name) is None}
    return replace(settings, **taken), taken  # type: ignore[arg-type]


def longest_context(architecture: Architecture, config: Mapping[str, Any]) -> int:
    """Tokens that the model was made for, stretched rotary positions included."""
    text = next(
        (config[k] for k in ("text_config", "llm_config") if isinstance(config.get(k), Mapping)),
        config,
    )
    scaling = text.get("rope_scaling") or text.get("rope_parameters") or {}
    if not isinstance(scaling, Mapping):
        return architecture.max_position
    kind = str(scaling.get("rope_type") or scaling.get("type") or "default")
    factor = scaling.get("factor")
    if kind in _NOT_STRETCHED or not isinstance(factor, int | float) or factor <= 0:
        return architecture.max_position
    said = Values(scaling, "config.json (rope_scaling)")
    original = said.get("original_max_position_embeddings") if kind == "yarn" else None
    if kind == "yarn" and not original:
        return architecture.max_position
    return round((original or architecture.max_position) * said.ratio("factor"))


def activation_bytes(dtype: str | None) -> int:
    """Bytes of one activation."""
    return 4 if dtype in ("float32", "float") else 2


def _batch(version: tuple[int, int], gpu: Gpu, settings: EngineSettings) -> tuple[int, int]:
    """Batched tokens and sequences of the server."""
    if gpu.platform == "cpu":
        world = settings.tensor_parallel * settings.pipeline_parallel
        return 2048 * world, 128 * world
    if version < V1:
        return 2048, 256
    if gpu.total_bytes >= 160 * GIB and version >= LARGE_BATCH:
        return 16384, 1024
    if gpu.total_bytes >= 70 * GIB and "a100" not in gpu.name.lower() and not gpu.is_unified:
        return 8192, 1024 if version >= (0, 9) else 256
    return 2048, 256


def _kv_dtype(
    architecture: Architecture, version: tuple[int, int], settings: EngineSettings
) -> str:
    asked = (
        kv_cache_scheme(architecture.quantization) if version >= KV_DTYPE_FROM_CHECKPOINT else None
    )
    is_compressed = any(m.compression > 1 for m in architecture.mixers)
    if asked or is_compressed:
        return "fp8"
    dtype = settings.dtype or architecture.dtype
    return _HALF.get(dtype, dtype) if settings.dtype is None else dtype


def _block_size(architecture: Architecture, gpu: Gpu) -> int:
    """Tokens of a block: 128 on CPUs, 64 for sparse and most latent attention, else 16."""
    if gpu.platform == "cpu":
        return 128
    latent = [m for m in architecture.mixers if m.kind is Kind.MLA]
    if latent and any(m.index_bytes for m in latent):
        return 64
    return 16


__all__ = ["AUTO", "activation_bytes", "longest_context", "resolve"]
