"""What a model is made of, as far as memory depends on it: layers, mixers, feed-forwards, encoder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VOCAB_PADDING = 64
"""vLLM pads the vocabulary to this multiple (`VocabParallelEmbedding`, DEFAULT_VOCAB_PADDING_SIZE)."""


class Kind(StrEnum):
    """How one mixer remembers earlier tokens."""

    FULL = "full"
    SLIDING = "sliding"
    CHUNKED = "chunked"
    MLA = "mla"
    STATE = "state"
    CROSS = "cross"


@dataclass(frozen=True)
class State:
    """A recurrent layer's memory of one request: a convolution's last inputs and a matrix per head."""

    conv_channels: int
    """Channels of the short convolution, without groups that sharding repeats."""
    conv_taps: int
    """Inputs that are remembered: kernel size - 1."""
    heads: int
    head_dim: int
    state_dim: int
    dtype: str | None = None
    """Of the recurrent matrix; None: the model's own."""
    groups: int = 0
    group_channels: int = 0
    """Convolution channels of one group (Mamba 2: 2 x state size); repeated when tp > groups."""


@dataclass(frozen=True)
class Mixer:
    """One attention or state layer; sizes in numbers, not bytes."""

    kind: Kind
    heads: int
    kv_heads: int = 0
    head_dim: int = 0
    v_dim: int = 0
    window: int = 0
    """Sliding window or chunk, tokens."""
    index_bytes: int = 0
    """Sparse attention: bytes of its indexer's cache per token."""
    compression: int = 1
    """Tokens that share one cached entry."""
    state: State | None = None
    is_gated: bool = False
    """The query projection also makes a gate for the output."""
    q_rank: int = 0
    rope_dim: int = 0
    nope_dim: int = 0
    kv_rank: int = 0
    index_heads: int = 0
    index_dim: int = 0
    has_value_projection: bool = True


@dataclass(frozen=True)
class FeedForward:
    """One feed-forward part: dense, experts, or both."""

    width: int = 0
    """Of the dense path, shared experts included."""
    experts: int = 0
    top_k: int = 0
    expert_width: int = 0
    expert_input: int = 0
    """Width of what the experts read, when narrower than the model."""
    is_gated: bool = True
    expert_matrices: int = 3
    are_beside: bool = False
    """Experts run beside the dense path, as a module of their own."""


@dataclass(frozen=True)
class Layer:
    """One block of the model."""

    mixers: tuple[Mixer, ...]
    ffn: FeedForward | None


@dataclass(frozen=True)
class Encoder:
    """A vision or audio tower."""

    layers: int
    hidden: int
    width: int
    patch: int
    pixels_per_token: int
    """Pixels behind one token that the language model reads."""
    image_tokens: int
    """Tokens of the largest image where its size is not fixed, 0 where it is."""
    deepstack: int
    """Further layers of the tower whose output is kept beside the last one's."""
    parameters: int


@dataclass(frozen=True)
class Architecture:
    """A model as memory sees it."""

    model_type: str
    is_known: bool
    layers: tuple[Layer, ...]
    hidden: int
    vocab: int
    max_position: int
    dtype: str
    is_tied: bool
    has_attention_bias: bool = False
    learned_positions: int = 0
    encoder: Encoder | None = None
    max_capture: int = 512
    """Largest batch of a CUDA graph."""
    nextn_layers: int = 0
    """Speculative layers of the checkpoint that are not loaded for plain serving."""
    quantization: Mapping[str, Any] = field(default_factory=dict)
    expert_dtype: str | None = None
    """Of the experts, where config.json names it apart (fp4)."""
    family: str | None = None
    per_layer_embedding: int = 0
    """Width of the embeddings that each layer reads beside the first one."""
    is_hybrid: bool = False
    """Has state layers."""

    @property
    def padded_vocab(self) -> int:
        """Rows of the embedding as the engine lays it out."""
        return -(-self.vocab // VOCAB_PADDING) * VOCAB_PADDING

    @property
    def mixers(self) -> tuple[Mixer, ...]:
        """Every mixer in order."""
        return tuple(mixer for layer in self.layers for mixer in layer.mixers)

    @property
    def has_experts(self) -> bool:
        """Mixture of experts."""
        return any(layer.ffn and layer.ffn.experts for layer in self.layers)

    @property
    def is_mla(self) -> bool:
        """Multi-head latent attention."""
        return any(mixer.kind is Kind.MLA for mixer in self.mixers)
