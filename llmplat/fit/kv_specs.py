"""Each layer's cache as one spec: bytes of a page, and pages that a request of some length takes."""

from dataclasses import dataclass, replace

from llmplat.fit.architecture import Kind, Mixer, State

DTYPE_BYTES = {
    "float32": 4.0, "float": 4.0, "bfloat16": 2.0, "float16": 2.0, "half": 2.0,
    "fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0, "fp8_inc": 1.0, "int8": 1.0,
    "fp8_ds_mla": 1.0, "nvfp4": 0.5625,
}  # fmt: skip
"""Bytes of one cached number by vLLM's name of the type."""

DS_MLA_BYTES = 656
"""Sparse MLA with fp8: 512 fp8 numbers, 4 fp32 scales, 64 bf16 rope numbers (vLLM flashmla_sparse)."""
COMPRESSED_BYTES = 584
"""Compressed sparse attention with fp8: 448 fp8 + 64 bf16 + 8 scales (vLLM models/deepseek_v4)."""


@dataclass(frozen=True)
class Planning:
    """What the number of pages of a request depends on beside its length."""

    batched_tokens: int
    """Tokens that may be in flight: max_num_batched_tokens, times steps in flight."""
    is_prefix_cached: bool = True
    encoder_tokens: int = 0


@dataclass(frozen=True)
class Spec:
    """The cache of one layer on one rank."""

    kind: Kind
    block: int
    """Tokens of one page."""
    token_bytes: float
    """Bytes of one token; 0 for states."""
    window: int = 0
    state_bytes: int = 0
    padded: int | None = None
    """Bytes of a page that was padded to the others' size."""
    checkpoints: int = 0
    """Further states per request that are kept while a prompt is read, with cached prefixes."""

    @property
    def page_bytes(self) -> int:
        """Bytes of one page."""
        if self.padded is not None:
            return self.padded
        if self.kind is Kind.STATE:
            return self.state_bytes
        return max(1, round(self.block * self.token_bytes))

    @property
    def group_key(self) -> tuple[object, ...]:
        """Layers with the same key may share a group."""
        window = self.window if self.kind in (Kind.SLIDING, Kind.CHUNKED) else 0
        return (self.kind, self.block, self.token_bytes, window, self.state_bytes, self.padded)

    def pages(self, length: int, planning: Planning) -> int:
        """Pages that one request of `length` tokens takes at most.

        Full attention ceil(length / block); sliding window ceil(min(window - 1 + batch, length)
        / block) + 1; chunked ceil(min(chunk + batch, length) / block); state 1, or 2 (and its
        checkpoints) when states are cached for prefixes (vLLM 0.32, v1/kv_cache_interface.py).
        """
        if self.kind is Kind.STATE:
            return 2 + self.checkpoints if planning.is_prefix_cached else 1
        if self.kind is Kind.SLIDING:
            tokens = min(self.window - 1 + planning.batched_tokens, length)
            return -(-tokens // self.block) + 1
        if self.kind is Kind.CHUNKED:
            return -(-min(self.window + planning.batched_tokens, length) // self.block)
        if self.kind is Kind.CROSS and planning.encoder_tokens:
            return -(-planning.encoder_tokens // self.block)
        return -(-length // self.block)

    def with_page(self, page_bytes: int) -> "Spec":
        """This spec with pages of `page_bytes`: more tokens where they divide it, else padding."""
        if self.page_bytes == page_bytes:
            return self
        if self.kind is not Kind.STATE and page_bytes % self.page_bytes == 0:
            return replace(self, block=self.block * (page_bytes // self.page_bytes))
        return replace(self, padded=page_bytes)


def attention_token_bytes(mixer: Mixer, dtype: str, tensor_parallel: int) -> float:
    """Bytes of one token in one attention layer on one rank.

    Heads are split over ranks and repeated when there are more ranks than heads; a latent vector
    (MLA) is the same on every rank. An indexer adds its own vector.
    """
    each = DTYPE_BYTES.get(dtype, 2.0)
    if mixer.kind is Kind.MLA:
        if mixer.compression > 1:
            main = COMPRESSED_BYTES if each == 1 else mixer.head_dim * each
            return (main + mixer.index_bytes) / mixer.compression
        is_packed = mixer.index_bytes and each == 1
        return (DS_MLA_BYTES if is_packed else mixer.head_dim * each) + mixer.index_bytes
    heads = max(1, mixer.kv_heads // tensor_parallel)
    return heads * (mixer.head_dim + mixer.v_dim) * each


def state_bytes(
    state: State, dtype: str, tensor_parallel: int, state_dtype: str | None = None
) -> int:
    """Bytes of one request's state in one recurrent layer on one rank.

    Convolution taps x channels in the model's type, a matrix per head in the state's type; groups
    are repeated when ranks do not divide them (vLLM 0.32, mamba_utils.py). `state_dtype` replaces
    the model's own type of the matrix.
    """
    groups = state.groups
    if groups and groups % tensor_parallel:
        groups = tensor_parallel
    channels = (state.conv_channels + groups * state.group_channels) // tensor_parallel
    conv = state.conv_taps * channels * DTYPE_BYTES.get(dtype, 2.0)
    matrix = state.heads // tensor_parallel * state.head_dim * state.state_dim
    return round(conv + matrix * DTYPE_BYTES.get(state_dtype or state.dtype or dtype, 2.0))
