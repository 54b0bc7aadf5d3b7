"""A model of the platform file on a GPU -> the engine's settings and whether they fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from llmplat.catalog.entries import Gpu
from llmplat.domain.errors import DoesNotFitError
from llmplat.domain.units import format_size
from llmplat.fit.estimate import estimate
from llmplat.fit.inputs import Checkpoint, EngineSettings
from llmplat.fit.result import FitResult, Verdict
from llmplat.plan.facts import ModelFacts
from llmplat.plan.fit_values import families, gpu_value
from llmplat.plan.hardware import PIPELINE_PARALLEL, TENSOR_PARALLEL, whole_option
from llmplat.spec.engine_options import VERSION
from llmplat.spec.model import Model
from llmplat.spec.scalars import OptionValue

SHARED = 0.9
"""Of a shared GPU for all its engines together; the rest is what each takes beside its share."""


@dataclass(frozen=True)
class GpuSizing:
    """What the fit of one model on its GPU came to."""

    model: str
    gpu: str
    count: int
    result: FitResult

    @property
    def is_unfit(self) -> bool:
        """It does not fit by the best estimate."""
        return self.result.verdict is Verdict.DOES_NOT_FIT

    @property
    def is_tight(self) -> bool:
        """It fits by the best estimate, not with certainty."""
        return self.result.verdict is Verdict.TIGHT

    @property
    def needed_bytes(self) -> int:
        """Per GPU: everything but the KV cache, and the cache of one full request."""
        memory = self.result.memory
        terms = (memory.weights, memory.torch_peak, memory.non_torch, memory.cuda_graphs)
        return sum(term.bytes for term in terms) + self.result.kv_cache.needed_bytes

    @property
    def offered_bytes(self) -> int:
        """Per GPU: what the engine is allowed to take."""
        return self.result.memory.requested_bytes

    @property
    def how(self) -> str:
        """Where the figures are from, for people."""
        kv, memory = self.result.kv_cache, self.result.memory
        return (
            f"what {format_size(memory.requested_bytes)} leave beside weights, activations and "
            f"graphs, in {kv.blocks} blocks of {kv.block_size} tokens"
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the plan must say of it."""
        told = [f"{self.model}: {warning}" for warning in self.result.warnings]
        if self.is_unfit:
            told.append(f"{self.model} DOES NOT FIT {self._place}: {self._why}")
        if self.is_tight:
            told.append(f"{self.model} is tight on {self._place}: {self._why}")
        return tuple(told)

    def refusal(self) -> DoesNotFitError:
        """What to raise for it."""
        fixes = (*map(str, self.result.fixes[:3]), f"llmplat gpu-fit explains it for {self.gpu}")
        return DoesNotFitError(
            f"{self.model} does not fit on {self._place}.", why=self._why, fix=fixes
        )

    @property
    def _place(self) -> str:
        return f"{self.count} x {self.gpu}"

    @property
    def _why(self) -> str:
        return "; ".join(self.result.reasons) or (
            f"{format_size(self.needed_bytes)} are needed per GPU, "
            f"{format_size(self.offered_bytes)} offered"
        )


def size_on_gpu(
    model: Model,
    facts: ModelFacts,
    gpu: Gpu,
    context: int,
    options: Mapping[str, OptionValue],
    *,
    shared_by: int = 1,
) -> GpuSizing:
    """Whether `model` fits `gpu`, or its part of one that `shared_by` engines share.

    Raises InputError when its configuration lacks a number.
    """
    settings = EngineSettings(
        vllm_version=VERSION,
        tensor_parallel=whole_option(options, TENSOR_PARALLEL) or 1,
        pipeline_parallel=whole_option(options, PIPELINE_PARALLEL) or 1,
        max_model_len=context,
        max_num_seqs=model.concurrency,
        max_num_batched_tokens=whole_option(options, "max-num-batched-tokens"),
        dtype=_text(options, "dtype"),
        quantization=None if model.quantization == "none" else model.quantization,
        kv_cache_dtype=_text(options, "kv-cache-dtype"),
        enforce_eager=options.get("enforce-eager") is True,
        block_size=whole_option(options, "block-size"),
        gpu_memory_utilization=_share(shared_by),
        kv_cache_memory_bytes=model.engine.kv_cache_memory_bytes,
        enable_prefix_caching=options.get("enable-prefix-caching") is not False,
        enable_expert_parallel=options.get("enable-expert-parallel") is True,
    )
    result = estimate(
        facts.config,
        settings,
        gpu_value(gpu),
        families=families(),
        checkpoint=Checkpoint(total_bytes=facts.weights_bytes),
    )
    count = settings.tensor_parallel * settings.pipeline_parallel
    return GpuSizing(model.name, gpu.name, count, result)


def _share(shared_by: int) -> float | None:
    """Part of the memory that one engine may take; None: the engine's own default."""
    return None if shared_by == 1 else floor(100 * SHARED / shared_by) / 100


def _text(options: Mapping[str, OptionValue], name: str) -> str | None:
    value = options.get(name)
    return value if isinstance(value, str) and value != "auto" else None
