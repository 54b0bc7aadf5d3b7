"""The answer of a fit: what each term needs per GPU, what the cache holds, the verdict and the way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from llmplat.fit.inputs import EngineSettings


class Verdict(StrEnum):
    """Fits with certainty, fits by the best estimate only, or does not."""

    FITS = "fits"
    TIGHT = "tight"
    DOES_NOT_FIT = "does-not-fit"


@dataclass(frozen=True)
class Term:
    """Bytes per GPU of one use of memory, with the range that 8 of 10 start-ups lie in."""

    bytes: int
    p10: int
    p90: int
    formula: str
    """The formula with its figures filled in."""
    source: str
    """Where the formula is from."""
    is_estimate: bool = True

    @classmethod
    def exact(cls, size_bytes: int, formula: str, source: str) -> "Term":
        """A term that is known."""
        return cls(size_bytes, size_bytes, size_bytes, formula, source, is_estimate=False)


@dataclass(frozen=True)
class Memory:
    """One GPU's memory, the one with the least room for the cache."""

    total_bytes: int
    requested_bytes: int
    """What the engine allows itself: total x utilisation."""
    weights: Term
    torch_peak: Term
    """Activations, sampler, encoder and workspaces at their highest."""
    non_torch: Term
    """NCCL, cuBLAS and the like, grown after the engine first looked."""
    cuda_graphs: Term
    kv_cache: Term
    before_snapshot: Term
    """Taken before the engine looked (CUDA context, NCCL); outside `requested_bytes`."""
    are_graphs_in_budget: bool
    """Whether this version takes the CUDA graphs out of `requested_bytes`."""


@dataclass(frozen=True)
class KvCapacity:
    """What the KV cache holds."""

    tokens: int
    blocks: int
    block_size: int
    bytes_per_token: int
    max_concurrency: float
    """Requests of `max_model_len` tokens at once."""
    max_model_len_that_fits: int
    groups: int
    needed_bytes: int
    """For one request of `max_model_len` tokens."""


@dataclass(frozen=True)
class Fix:
    """The smallest change of one setting that makes the model fit."""

    change: str
    flag: str | None = None
    """As to be written on the engine's command line."""
    gpu: str | None = None
    """A GPU to take in place of this one."""

    def __str__(self) -> str:
        return self.change


@dataclass(frozen=True)
class Step:
    """One line of the explanation."""

    name: str
    formula: str
    value: str
    source: str


@dataclass(frozen=True)
class FitResult:
    """Whether a model fits a GPU under given settings, and why."""

    verdict: Verdict
    memory: Memory
    kv_cache: KvCapacity
    settings: EngineSettings
    """With every default filled in."""
    assumed: Mapping[str, str | int | float | bool]
    """Settings that were not given, with the value taken."""
    reasons: tuple[str, ...]
    fixes: tuple[Fix, ...]
    warnings: tuple[str, ...]
    vllm_error: str | None
    """What the engine would print; None when it would start."""
    steps: tuple[Step, ...]
    binding_rank: str
    """Which GPU has the least room, in words."""
    is_architecture_known: bool
    short_bytes: int
    """By how much it does not fit; 0 when it does."""
