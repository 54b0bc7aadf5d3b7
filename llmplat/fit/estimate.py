"""Answers whether a model fits a GPU: configuration, settings and GPU in, FitResult out; no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from llmplat.domain.errors import InputError
from llmplat.fit import checks
from llmplat.fit.budget import Inputs, memory_of
from llmplat.fit.calibration import Calibration
from llmplat.fit.checks import Failure
from llmplat.fit.defaults import resolve
from llmplat.fit.explain import steps_of
from llmplat.fit.family import Family
from llmplat.fit.inputs import AUTO, Checkpoint, EngineSettings, Gpu, Measured
from llmplat.fit.kv_capacity import StageCache, stage_caches
from llmplat.fit.model import Model, read_model
from llmplat.fit.rank import Rank, ranks_of, stage_sizes
from llmplat.fit.result import FitResult, KvCapacity, Memory, Verdict

_NONE = Calibration()


def estimate(  # noqa: PLR0913 (each is one input, by name)
    config: Mapping[str, Any],
    settings: EngineSettings,
    gpu: Gpu,
    *,
    families: Mapping[str, Family] | None = None,
    checkpoint: Checkpoint | None = None,
    measured: Measured = Measured(),  # noqa: B008 (frozen)
    calibration: Calibration | None = None,
    larger_gpus: tuple[Gpu, ...] = (),
    with_fixes: bool = True,
) -> FitResult:
    """Whether the model of `config` (a config.json as read) starts under `settings` on `gpu`.

    `families` by model type (see `llmplat.plan.fit_values.families`); a model of none is treated
    as what its file says and is never said to fit with certainty. `checkpoint` makes weights
    exact; `measured` replaces terms as they are, `calibration` moves them with the formulas.
    Raises InputError when a number that memory depends on is missing or absurd.
    """
    model = read_model(config, families, checkpoint)
    return estimate_model(
        model, settings, gpu, measured=measured, calibration=calibration, larger_gpus=larger_gpus,
        with_fixes=with_fixes,
    )  # fmt: skip


def estimate_model(  # noqa: PLR0913 (each is one input, by name)
    model: Model,
    settings: EngineSettings,
    gpu: Gpu,
    *,
    measured: Measured = Measured(),  # noqa: B008 (frozen)
    calibration: Calibration | None = None,
    larger_gpus: tuple[Gpu, ...] = (),
    with_fixes: bool = True,
) -> FitResult:
    """As `estimate`, for a model that was read before; quick enough to try many settings."""
    from llmplat.fit.fixes import Situation, find_fixes  # noqa: PLC0415 (fixes try estimates again)

    _check_settings(settings)
    architecture, longest = model.architecture, model.longest
    resolved, assumed = resolve(architecture, longest, settings, gpu)
    inputs = Inputs(model, resolved, gpu, measured, calibration or _NONE)
    wrong = checks.shape_failure(architecture, resolved, longest)
    stage, stages = _binding(inputs, longest)
    judged = _judge(inputs, stage, stages, wrong)
    result = FitResult(
        verdict=judged.verdict,
        memory=stage.memory,
        kv_cache=stage.kv,
        settings=_settled(resolved, stage.kv),
        assumed=assumed,
        reasons=judged.reasons,
        fixes=(),
        warnings=stage.unverified if judged.verdict is not Verdict.DOES_NOT_FIT else (),
        vllm_error=judged.error,
        steps=steps_of(architecture, resolved, stage.memory, stage.kv),
        binding_rank=stage.rank.title,
        is_architecture_known=architecture.is_known,
        short_bytes=judged.short_bytes,
    )
    if not with_fixes or result.verdict is Verdict.FITS:
        return result

    def tried(changed: EngineSettings, on: Gpu) -> FitResult:
        return estimate_model(
            model, changed, on, measured=measured, calibration=calibration, with_fixes=False
        )

    return replace(
        result, fixes=find_fixes(Situation(architecture, result, settings), gpu, tried, larger_gpus)
    )


@dataclass(frozen=True)
class Stage:
    """One pipeline stage with its memory and cache."""

    rank: Rank
    memory: Memory
    cache: StageCache
    kv: KvCapacity
    unverified: tuple[str, ...]


@dataclass(frozen=True)
class _Judged:
    verdict: Verdict
    reasons: tuple[str, ...]
    error: str | None = None
    short_bytes: int = 0


def _check_settings(settings: EngineSettings) -> None:
    utilization = settings.gpu_memory_utilization
    positive = {
        "tensor_parallel": settings.tensor_parallel,
        "pipeline_parallel": settings.pipeline_parallel,
        "max_num_seqs": settings.max_num_seqs,
        "max_num_batched_tokens": settings.max_num_batched_tokens,
        "block_size": settings.block_size,
    }
    wrong = [
        f"{name}: {value}" for name, value in positive.items() if value is not None and value < 1
    ]
    if (
        settings.max_model_len is not None
        and settings.max_model_len < 1
        and settings.max_model_len != AUTO
    ):
        wrong.append(f"max_model_len: {settings.max_model_len}")
    if utilization is not None and not 0 < utilization <= 1:
        wrong.append(f"gpu_memory_utilization: {utilization}")
    if wrong:
        raise InputError(
            "A setting of the engine is out of range.",
            why=f"{', '.join(wrong)}; counts are 1 or more, utilisation is above 0 and at most 1.",
            fix=("correct the value",),
        )


def _binding(inputs: Inputs, longest: int) -> tuple[Stage, tuple[Stage, ...]]:
    """The stage that holds the fewest blocks, and all of them."""
    architecture, settings = inputs.architecture, inputs.settings
    pp = min(settings.pipeline_parallel, len(architecture.layers))
    settings = replace(settings, pipeline_parallel=pp)
    ranks = ranks_of(
        architecture, settings.tensor_parallel, pp, expert_parallel=settings.enable_expert_parallel
    )
    caches = stage_caches(
        architecture,
        settings,
        tuple(stage_sizes(len(architecture.layers), pp)),
        inputs.gpu.platform,
    )
    stages, first = [], 0
    for rank, cache in zip(ranks, caches, strict=True):
        memory, unverified = memory_of(inputs, rank, first)
        kv = cache.capacity(memory.kv_cache.bytes, settings.max_model_len or longest, longest)
        stages.append(Stage(rank, memory, cache, kv, unverified))
        first += len(rank.layers)
    # The last of equals binds: it also has the sampler.
    binding = min(
        reversed(stages), key=lambda s: s.memory.kv_cache.bytes / s.cache.layout.block_bytes
    )
    return binding, tuple(stages)


def _judge(
    inputs: Inputs, stage: Stage, stages: tuple[Stage, ...], wrong: Failure | None
) -> _Judged:
    if wrong is not None:
        return _Judged(Verdict.DOES_NOT_FIT, (wrong.reason,), wrong.vllm_error, wrong.short_bytes)
    for at in stages:
        failure = checks.free_failure(at.memory, inputs.gpu)
        if failure is not None:
            return _Judged(
                Verdict.DOES_NOT_FIT, (failure.reason,), failure.vllm_error, failure.short_bytes
            )
    return _of_cache(inputs, stage) or _after_sizing(inputs, stage) or _certain(inputs, stage)


def _of_cache(inputs: Inputs, stage: Stage) -> _Judged | None:
    """The cache at the best estimate; where that fails, at the 90th percentile of what is left."""
    left = stage.memory.kv_cache
    failure = _cache_at(inputs, stage, left.bytes)
    if failure is None:
        return None
    if _cache_at(inputs, stage, left.p90) is not None:
        return _Judged(
            Verdict.DOES_NOT_FIT, (failure.reason,), failure.vllm_error, failure.short_bytes
        )
    reason = f"{failure.reason}, within the uncertainty of the estimate"
    return _Judged(Verdict.TIGHT, (reason,), failure.vllm_error, failure.short_bytes)


def _cache_at(inputs: Inputs, stage: Stage, available: int) -> Failure | None:
    length = inputs.settings.max_model_len or 1
    kv = stage.cache.capacity(available, length, inputs.model.longest)
    return checks.cache_failure(kv, available, inputs.settings)


def _after_sizing(inputs: Inputs, stage: Stage) -> _Judged | None:
    """Graphs that are captured, and the sampler that is warmed up, when the cache is there."""
    best, middle, worst = _rooms(inputs, stage.memory)
    if best < 0:
        failure = checks.after_sizing_failure(max(1, -middle), inputs.settings)
        return _Judged(
            Verdict.DOES_NOT_FIT, (failure.reason,), failure.vllm_error, failure.short_bytes
        )
    if middle < 0:
        failure = checks.after_sizing_failure(-middle, inputs.settings)
        return _Judged(
            Verdict.TIGHT, (f"possibly, {failure.reason}",), failure.vllm_error, failure.short_bytes
        )
    needed = checks.logits_bytes(inputs.architecture, inputs.settings)
    if worst >= needed or inputs.settings.enforce_eager:
        return None
    failure = checks.after_sizing_failure(needed - worst, inputs.settings)
    return _Judged(Verdict.TIGHT, (f"possibly, {failure.reason}",))


def _rooms(inputs: Inputs, memory: Memory) -> tuple[int, int, int]:
    """Room after sizing at the least, the estimated and the most memory for graphs and context."""
    graphs, before = memory.cuda_graphs, memory.before_snapshot
    is_inside = memory.are_graphs_in_budget and inputs.settings.kv_cache_memory_bytes is None
    return (
        checks.after_sizing_room(memory, inputs.gpu, 0 if is_inside else graphs.p10, before.p10),
        checks.after_sizing_room(
            memory, inputs.gpu, 0 if is_inside else graphs.bytes, before.bytes
        ),
        checks.after_sizing_room(memory, inputs.gpu, 0 if is_inside else graphs.p90, before.bytes),
    )


def _certain(inputs: Inputs, stage: Stage) -> _Judged:
    """Starts by the estimate: with certainty only when it does at the 10th percentile too."""
    worst = _cache_at(inputs, stage, stage.memory.kv_cache.p10)
    if worst is not None:
        return _Judged(Verdict.TIGHT, (f"at the 90th percentile of what it needs: {worst.reason}",))
    if not inputs.architecture.is_known:
        reason = f"the architecture {inputs.architecture.model_type!r} is not known: treated as what its file says"
        return _Judged(Verdict.TIGHT, (reason,))
    spare = stage.memory.kv_cache.bytes - stage.kv.needed_bytes
    return _Judged(
        Verdict.FITS,
        (
            f"{stage.kv.max_concurrency:.2f} requests of the whole context at once; {spare} bytes to spare",
        ),
    )


def _settled(settings: EngineSettings, kv: KvCapacity) -> EngineSettings:
    if settings.max_model_len != AUTO:
        return settings
    return replace(settings, max_model_len=max(1, kv.max_model_len_that_fits))
