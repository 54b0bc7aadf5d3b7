"""Finds the smallest single change that makes a model fit, by trying it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from llmplat.fit.architecture import Architecture
from llmplat.fit.inputs import AUTO, EngineSettings, Gpu
from llmplat.fit.result import FitResult, Fix, Verdict


@dataclass(frozen=True)
class Situation:
    """What did not fit."""

    architecture: Architecture
    result: FitResult
    asked: EngineSettings


Try = Callable[[EngineSettings, Gpu], FitResult]
_PARALLEL = (2, 4, 8, 16)
_SEQUENCES = (512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
_UTILIZATION = 0.97


def find_fixes(
    at: Situation, gpu: Gpu, tried: Try, larger_gpus: tuple[Gpu, ...]
) -> tuple[Fix, ...]:
    """One fix of each kind that alone gives `fits`, cheapest for the user first."""
    found = []
    for kind in (_sequences, _kv_fp8, _utilization, _context, _parallel, _quantization):
        for changed, fix in kind(at):
            if tried(changed, gpu).verdict is Verdict.FITS:
                found.append(fix)
                break
    for larger in sorted(larger_gpus, key=lambda g: g.total_bytes):
        if larger.total_bytes > gpu.total_bytes and tried(at.asked, larger).verdict is Verdict.FITS:
            found.append(Fix(f"take the GPU {larger.name}", gpu=larger.name))
            break
    return tuple(found)


Candidates = Iterator[tuple[EngineSettings, Fix]]


def _sequences(at: Situation) -> Candidates:
    now = at.result.settings.max_num_seqs or 0
    for fewer in _SEQUENCES:
        if fewer < now:
            flag = f"--max-num-seqs {fewer}"
            yield (
                replace(at.asked, max_num_seqs=fewer),
                Fix(f"at most {fewer} requests at once ({flag})", flag),
            )


def _kv_fp8(at: Situation) -> Candidates:
    if str(at.result.settings.kv_cache_dtype).startswith("fp8"):
        return
    flag = "--kv-cache-dtype fp8"
    yield replace(at.asked, kv_cache_dtype="fp8"), Fix(f"the KV cache in 8 bits ({flag})", flag)


def _utilization(at: Situation) -> Candidates:
    now = at.result.settings.gpu_memory_utilization or 0.9
    steps = round((_UTILIZATION - now) * 100)
    for step in range(1, steps + 1):
        more = round(now + step / 100, 2)
        flag = f"--gpu-memory-utilization {more}"
        yield (
            replace(at.asked, gpu_memory_utilization=more),
            Fix(f"{more:.0%} of the GPU ({flag})", flag),
        )


def _context(at: Situation) -> Candidates:
    longest = at.result.kv_cache.max_model_len_that_fits
    length = at.result.settings.max_model_len or 0
    if at.asked.max_model_len == AUTO:
        return
    shorter = [longest, round(longest * 0.9), round(longest * 0.5)] if longest else []
    for value in shorter:
        rounded = value // 256 * 256 or value
        if 0 < rounded < length:
            flag = f"--max-model-len {rounded}"
            yield (
                replace(at.asked, max_model_len=rounded),
                Fix(f"a context of {rounded} tokens ({flag})", flag),
            )


def _parallel(at: Situation) -> Candidates:
    for more in _PARALLEL:
        if more > at.asked.tensor_parallel:
            flag = f"--tensor-parallel-size {more}"
            yield (
                replace(at.asked, tensor_parallel=more),
                Fix(f"{more} GPUs of this kind ({flag})", flag),
            )


def _quantization(at: Situation) -> Candidates:
    if at.architecture.quantization or at.asked.quantization:
        return
    flag = "--quantization fp8"
    yield (
        replace(at.asked, quantization="fp8"),
        Fix(f"weights in 8 bits while loading ({flag})", flag),
    )
