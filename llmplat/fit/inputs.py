"""What a fit is computed from: a GPU, an engine's settings, a checkpoint's tensors, measured terms."""

from dataclasses import dataclass

NEWEST_VERSION = "0.33.0"
"""The newest vLLM whose rules were read."""

AUTO = -1
"""`max_model_len`: the longest context that fits, as vLLM's `auto`."""


@dataclass(frozen=True)
class Gpu:
    """One accelerator as the engine sees it."""

    name: str
    total_bytes: int
    """Usable bytes as torch reports them, less than the figure on the box."""
    platform: str = "cuda"
    """cuda, rocm or cpu."""
    compute_capability: tuple[int, int] | None = None
    """NVIDIA's, such as (9, 0); None when unknown or another platform."""
    link: str = "nvlink"
    """How GPUs of one machine are connected: nvlink or pcie."""
    free_bytes: int | None = None
    """Free at start-up; None: all but what the engine itself takes before it looks."""
    is_unified: bool = False
    """Shared with the CPU."""


@dataclass(frozen=True)
class EngineSettings:
    """vLLM's flags under its own names; None means the engine's default."""

    vllm_version: str = NEWEST_VERSION
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    max_model_len: int | None = None
    """Tokens of one request; AUTO for the longest that fits."""
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    dtype: str | None = None
    quantization: str | None = None
    kv_cache_dtype: str | None = None
    gpu_memory_utilization: float | None = None
    enforce_eager: bool = False
    block_size: int | None = None
    kv_cache_memory_bytes: int | None = None
    enable_prefix_caching: bool = True
    enable_expert_parallel: bool = False


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of a checkpoint; `dtype` in safetensors' spelling (BF16, F8_E4M3, U8)."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Checkpoint:
    """What is known of the stored weights: every tensor, or only their sum."""

    tensors: tuple[StoredTensor, ...] = ()
    total_bytes: int | None = None
    """`metadata.total_size` of a safetensors index."""


@dataclass(frozen=True)
class Measured:
    """Terms that were measured, bytes of the GPU with the least room; None: estimate it."""

    weights_bytes: int | None = None
    torch_peak_bytes: int | None = None
    non_torch_bytes: int | None = None
    cuda_graphs_bytes: int | None = None
