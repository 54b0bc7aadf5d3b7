"""A start-up log and new flags -> an answer whose terms are the logged ones, moved to the flags."""

from dataclasses import replace
from typing import Protocol

from llmplat.catalog.entries import Catalog
from llmplat.catalog.load import GpuShelf
from llmplat.domain.errors import InputError
from llmplat.fit.calibrate import calibrate
from llmplat.fit.estimate import estimate
from llmplat.fit.inputs import NEWEST_VERSION, EngineSettings, Gpu, Measured
from llmplat.fit.start_log import StartLog
from llmplat.plan.fit_model import FoundModel
from llmplat.plan.fit_values import families
from llmplat.plan.gpu_fit import GpuFit, GpuWish, fit_model, gpu_of

LOGGED_GPU = "the logged GPU"


class TypedFlags(Protocol):
    """The engine's flags as they were typed."""

    def settings(self) -> EngineSettings:
        """As the library takes them."""
        ...


def fit_from_log(
    model: FoundModel,
    log: StartLog,
    wish: GpuWish,
    flags: TypedFlags,
    catalog: Catalog | GpuShelf,
    measured: Measured,
) -> GpuFit:
    """Whether `model` fits under `flags`, by what one start-up of it measured.

    Settings that were not typed are those of the log, and so is the GPU unless `wish` names one.
    Raises InputError when neither the log nor a flag says how large the GPU is.
    """
    settings = settings_of(log)
    gpu = _gpu(log, wish, catalog)
    measured_then = measured_of(model, log, settings, gpu)
    learned = calibrate(
        model.config, settings, gpu, measured_then, families=families(), checkpoint=model.checkpoint
    )
    asked = _typed_over(settings, flags.settings())
    if wish.is_open:
        result = estimate(
            model.config, asked, gpu, families=families(), checkpoint=model.checkpoint,
            measured=measured, calibration=learned,
        )  # fmt: skip
        return GpuFit(model, gpu, result)
    return fit_model(model, wish, asked, catalog, measured, learned)


def settings_of(log: StartLog) -> EngineSettings:
    """The settings that the start-up ran with, as far as the log says."""
    return EngineSettings(
        vllm_version=log.version or NEWEST_VERSION,
        tensor_parallel=log.tensor_parallel or 1,
        pipeline_parallel=log.pipeline_parallel or 1,
        max_model_len=log.max_model_len,
        max_num_seqs=log.max_num_seqs,
        max_num_batched_tokens=log.max_num_batched_tokens,
        dtype=log.dtype,
        quantization=None,
        kv_cache_dtype=log.kv_cache_dtype,
        gpu_memory_utilization=log.gpu_memory_utilization,
        enforce_eager=bool(log.enforce_eager),
    )


def measured_of(model: FoundModel, log: StartLog, settings: EngineSettings, gpu: Gpu) -> Measured:
    """The terms of the log. Without its profile, the peak is what is left of the sum.

    Weights, KV cache and what the engine allowed itself are in every log; non-torch memory and
    graphs then keep their estimates and the rest is the peak.
    """
    known = Measured(
        weights_bytes=log.weights_bytes,
        torch_peak_bytes=log.torch_peak_bytes,
        non_torch_bytes=log.non_torch_bytes,
        cuda_graphs_bytes=log.graphs_estimated_bytes or log.graphs_actual_bytes,
    )
    if log.torch_peak_bytes is not None or log.kv_cache_bytes is None:
        return known
    then = estimate(
        model.config, settings, gpu, families=families(), checkpoint=model.checkpoint,
        measured=known, with_fixes=False,
    ).memory  # fmt: skip
    graphs = then.cuda_graphs.bytes if then.are_graphs_in_budget else 0
    asked = log.requested_bytes or then.requested_bytes
    rest = asked - log.kv_cache_bytes - then.weights.bytes - then.non_torch.bytes - graphs
    return replace(known, torch_peak_bytes=max(0, rest))


def _gpu(log: StartLog, wish: GpuWish, catalog: Catalog | GpuShelf) -> Gpu:
    named = None if wish.is_open else gpu_of(wish, catalog)
    total_bytes = _total_bytes(log)
    if named is not None:
        return replace(named, total_bytes=total_bytes or named.total_bytes)
    if total_bytes is None:
        raise InputError(
            "The log does not say how large the GPU is.",
            why='it lacks the line "Free memory on device (free/total GiB) on startup"',
            fix=("name it: --gpu h100-80gb", "or say its memory: --gpu-memory-gib 79.2"),
        )
    return Gpu(LOGGED_GPU, total_bytes)


def _total_bytes(log: StartLog) -> int | None:
    if log.total_bytes is not None:
        return log.total_bytes
    if log.requested_bytes is not None and log.gpu_memory_utilization:
        return round(log.requested_bytes / log.gpu_memory_utilization)
    return None


def _typed_over(logged: EngineSettings, typed: EngineSettings) -> EngineSettings:
    """`logged` with every setting replaced that differs from the default in `typed`."""
    default = EngineSettings()
    changed = {
        name: getattr(typed, name)
        for name in EngineSettings.__dataclass_fields__
        if getattr(typed, name) != getattr(default, name)
    }
    return replace(logged, **changed)
