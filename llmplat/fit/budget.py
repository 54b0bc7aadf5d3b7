"""Adds up one rank's memory: every term with its formula, and what is left for the KV cache."""

import math
from dataclasses import dataclass

from llmplat.fit.architecture import Architecture
from llmplat.fit.calibration import Calibration
from llmplat.fit.defaults import activation_bytes
from llmplat.fit.inputs import EngineSettings, Gpu, Measured
from llmplat.fit.model import Model
from llmplat.fit.overhead import (
    Load,
    before_snapshot_bytes,
    graph_bytes,
    non_torch_bytes,
    torch_peak_bytes,
)
from llmplat.fit.rank import Rank
from llmplat.fit.result import Memory, Term
from llmplat.fit.spread import (
    Spread,
    graphs_spread,
    non_torch_spread,
    peak_spread,
    weights_spread,
)
from llmplat.fit.version import GRAPHS_IN_BUDGET, parse_version

_PEAK_SOURCE = "profiling run of vLLM (v1/worker/gpu_worker.py determine_available_memory); docs/explanation/gpu-fit.md"
_MEASURED = "measured, given"


@dataclass(frozen=True)
class Inputs:
    """Everything one rank's memory is computed from."""

    model: Model
    settings: EngineSettings
    gpu: Gpu
    measured: Measured
    calibration: Calibration

    @property
    def architecture(self) -> Architecture:
        """The model's."""
        return self.model.architecture

    @property
    def load(self) -> Load:
        """What the profiling run is done with."""
        return Load(
            parse_version(self.settings.vllm_version),
            self.settings.max_num_seqs or 256,
            self.settings.max_num_batched_tokens or 2048,
            activation_bytes(self.settings.dtype),
            self.settings.enforce_eager,
        )


def memory_of(inputs: Inputs, rank: Rank, first_layer: int) -> tuple[Memory, tuple[str, ...]]:
    """The memory of `rank`, and what of it is not verified."""
    load, gpu, settings = inputs.load, inputs.gpu, inputs.settings
    utilization = settings.gpu_memory_utilization or 0.9
    requested = math.ceil(gpu.total_bytes * utilization)
    weights = _weights(inputs, rank, first_layer)
    spreads = {
        "torch_peak": peak_spread(inputs.architecture, load, gpu),
        "non_torch": non_torch_spread(inputs.architecture, rank.tensor_parallel, gpu),
        "cuda_graphs": graphs_spread(inputs.architecture, load, gpu),
    }
    peak = _term(inputs, "torch_peak", torch_peak_bytes(inputs.architecture, rank, load), spreads)
    outside = _term(
        inputs, "non_torch", non_torch_bytes(inputs.architecture, rank, load, gpu), spreads
    )
    graphs = _term(
        inputs, "cuda_graphs", graph_bytes(inputs.architecture, rank, load, gpu), spreads
    )
    before = before_snapshot_bytes(
        inputs.architecture, settings.tensor_parallel, settings.pipeline_parallel
    )
    in_budget = load.version >= GRAPHS_IN_BUDGET
    terms = (weights, peak, outside) + ((graphs,) if in_budget else ())
    memory = Memory(
        total_bytes=gpu.total_bytes,
        requested_bytes=requested,
        weights=weights,
        torch_peak=peak,
        non_torch=outside,
        cuda_graphs=graphs,
        kv_cache=_kv_cache(settings, requested, terms, are_graphs_in_budget=in_budget),
        before_snapshot=Term(
            before,
            round(before * 0.5),
            round(before * 1.1),
            f"CUDA context {before} bytes",
            _PEAK_SOURCE,
        ),
        are_graphs_in_budget=in_budget,
    )
    return memory, tuple(spread.why for spread in spreads.values() if spread.why)


def _weights(inputs: Inputs, rank: Rank, first_layer: int) -> Term:
    if inputs.measured.weights_bytes is not None:
        return Term.exact(
            inputs.measured.weights_bytes, f"{inputs.measured.weights_bytes} bytes", _MEASURED
        )
    architecture = inputs.architecture
    table = inputs.model.weights(
        inputs.settings.quantization, activation_bytes(inputs.settings.dtype)
    )
    found = table.on_rank(rank, first_layer)
    size = round(found.size_bytes * inputs.calibration.weights_factor)
    spread = weights_spread(architecture, is_exact=found.is_exact, is_quantized=table.is_quantized)
    if inputs.calibration.weights_factor != 1:
        spread = Spread(0.002, 0.002)
    low, high = spread.of(size)
    return Term(size, low, high, found.how, "docs/explanation/gpu-fit.md, weights")


def _term(inputs: Inputs, name: str, computed: tuple[int, str], spreads: dict[str, Spread]) -> Term:
    given = getattr(inputs.measured, f"{name}_bytes")
    if given is not None:
        return Term.exact(given, f"{given} bytes", _MEASURED)
    size, formula = computed
    added = getattr(inputs.calibration, f"{name}_added")
    if added is None:
        low, high = spreads[name].of(size)
        return Term(size, low, high, formula, _PEAK_SOURCE)
    size = max(0, size + added)
    return Term(
        size,
        round(size * 0.97),
        round(size * 1.03),
        f"{formula}; {added:+d} bytes as logged",
        _PEAK_SOURCE,
    )


def _kv_cache(
    settings: EngineSettings, requested: int, terms: tuple[Term, ...], *, are_graphs_in_budget: bool
) -> Term:
    """What is left; the spread of the terms adds up as independent errors do."""
    if settings.kv_cache_memory_bytes is not None:
        given = settings.kv_cache_memory_bytes
        return Term.exact(given, f"{given} bytes", "--kv-cache-memory-bytes")
    left = requested - sum(term.bytes for term in terms)
    below = math.sqrt(sum((term.p90 - term.bytes) ** 2 for term in terms))
    above = math.sqrt(sum((term.bytes - term.p10) ** 2 for term in terms))
    formula = "requested - weights - torch peak - outside torch" + (
        " - CUDA graphs" if are_graphs_in_budget else ""
    )
    return Term(left, round(left - below), round(left + above), formula, _PEAK_SOURCE)
