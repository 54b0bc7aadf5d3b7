"""How far estimates were off: the 10th and 90th percentile of each term, by what is known of it.

The figures are residuals of recorded start-ups, each held out with all others of its model, as
`python tests/benchmarks/gpu_fit_accuracy.py` prints them; where nothing was recorded they are
wide, and the answer says so.
"""

from dataclasses import dataclass

from llmplat.domain.units import GIB
from llmplat.fit.architecture import Architecture
from llmplat.fit.inputs import Gpu
from llmplat.fit.overhead import LATENT_GIB, Load, sampler_bytes
from llmplat.fit.version import GRAPHS_IN_BUDGET, NEW_RUNNER, TRITON_SAMPLER, V1


@dataclass(frozen=True)
class Spread:
    """Shares and bytes to take off and to add."""

    low: float
    high: float
    low_bytes: int = 0
    high_bytes: int = 0
    why: str | None = None
    """What is not verified; None when it is."""

    def of(self, value: int) -> tuple[int, int]:
        """The 10th and 90th percentile around `value`."""
        low = round(value * (1 - self.low)) - self.low_bytes
        return max(0, low), round(value * (1 + self.high)) + self.high_bytes


def peak_spread(architecture: Architecture, load: Load, gpu: Gpu) -> Spread:
    """Of the highest use of torch's allocator."""
    if not architecture.is_known:
        return Spread(0.3, 0.6, why="the architecture is not known")
    if gpu.platform == "rocm":
        return Spread(0.2, 0.5, why="few start-ups on ROCm were recorded")
    return _of_version(architecture, load) or _of_architecture(architecture)


def _of_version(architecture: Architecture, load: Load) -> Spread | None:
    """Versions whose sampler is not the well recorded one."""
    if load.version >= NEW_RUNNER:
        sampler = sampler_bytes(architecture, load)
        why = "the sampler of this version's model runner is not well recorded"
        return Spread(0.02, 0.03, round(sampler * 0.5), round(sampler * 0.35), why=why)
    if load.version < V1:
        high = 1.0 if architecture.has_experts else 0.25
        return Spread(0.2, high, why="engine V0 was recorded a few times only")
    if load.version == (0, 11):
        return Spread(0.6, 0.03, why="0.11 images sample with or without FlashInfer")
    return Spread(0.05, 0.05) if load.version < TRITON_SAMPLER else None


def _of_architecture(architecture: Architecture) -> Spread:
    if architecture.is_hybrid:
        why = "state layers were recorded a few times only"
        return Spread(0.1, 0.3, round(0.3 * GIB), round(0.8 * GIB), why=why)
    if architecture.encoder is not None and architecture.encoder.image_tokens:
        return Spread(0.25, 0.25, why="the tower's pass over large images is not well recorded")
    if architecture.has_experts or architecture.encoder is not None:
        return Spread(0.01, 0.03, round(0.03 * GIB), round(0.08 * GIB))
    return Spread(0.003, 0.006, round(0.008 * GIB), round(0.012 * GIB))


def non_torch_spread(architecture: Architecture, tensor_parallel: int, gpu: Gpu) -> Spread:
    """Of memory outside torch."""
    if gpu.platform == "rocm":
        return Spread(0.3, 0.6, why="few start-ups on ROCm were recorded")
    if tensor_parallel > 4 or (tensor_parallel > 1 and architecture.is_mla):
        below = LATENT_GIB if architecture.is_mla and tensor_parallel >= 8 else 0.1
        return Spread(0.05, 0.15, round(below * GIB), round(0.3 * GIB))
    if tensor_parallel > 1 and gpu.link == "pcie":
        return Spread(0.5, 1.0, 0, round(0.2 * GIB))
    if tensor_parallel > 1:
        return Spread(0.008, 0.012)
    return Spread(0.0, 0.0, round(0.01 * GIB), round(0.02 * GIB))


def graphs_spread(architecture: Architecture, load: Load, gpu: Gpu) -> Spread:
    """Of CUDA graphs; the engine's own estimate, that is in the budget from 0.21 on, is noisy."""
    if load.is_eager or gpu.platform == "cpu":
        return Spread(0, 0)
    if architecture.max_capture > 512:
        return Spread(0.3, 1.2, why="captures beyond 512 requests ran out of memory after sizing")
    if load.version < V1:
        return Spread(0.7, 0.3)
    if load.version >= GRAPHS_IN_BUDGET:
        return Spread(
            0,
            0,
            round(0.2 * GIB),
            round(0.9 * GIB),
            why="the engine's own estimate of graphs is noisy",
        )
    return Spread(0.15, 0.15, round(0.02 * GIB), round(0.04 * GIB))


def weights_spread(architecture: Architecture, *, is_exact: bool, is_quantized: bool) -> Spread:
    """Of weights."""
    if not architecture.is_known:
        return Spread(0.2, 0.4, why="the architecture is not known")
    if is_exact:
        return Spread(0.005, 0.01)
    if is_quantized or architecture.encoder is not None or architecture.is_hybrid:
        return Spread(0.02, 0.03)
    return Spread(0.003, 0.008)
