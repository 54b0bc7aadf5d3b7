"""An architecture's weights, matrix by matrix: name, size, and how ranks share it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from llmplat.fit.architecture import Architecture, FeedForward, Kind, Layer, Mixer, State


class Split(StrEnum):
    """How tensor-parallel ranks share a matrix."""

    SHARDED = "sharded"
    HEADS = "by key-value head"
    """Sharded down to one head per rank, then repeated."""
    EXPERTS = "experts"
    VOCABULARY = "vocabulary"
    REPLICATED = "replicated"


@dataclass(frozen=True)
class Parameter:
    """One matrix (or several alike)."""

    module: str
    """Canonical name, from its layer on: layers.3.self_attn.q_proj."""
    numbers: int
    """Of all copies together."""
    split: Split = Split.SHARDED
    is_linear: bool = True
    """May be quantized."""
    heads: int = 0
    """Key-value heads, for Split.HEADS."""
    fixed_bytes: float | None = None
    """Bytes of one number when neither the model's type nor its quantization decides."""


def layer_parameters(architecture: Architecture, index: int) -> Iterator[Parameter]:
    """The matrices of layer `index` as a rank of one GPU has them."""
    layer = architecture.layers[index]
    prefix = f"layers.{index}"
    for mixer in layer.mixers:
        yield from _mixer(architecture, mixer, prefix)
    if layer.ffn is not None:
        yield from _feed_forward(architecture, layer, layer.ffn, prefix)
    norms = 2 * architecture.hidden
    yield Parameter(f"{prefix}.norm", norms, Split.REPLICATED, is_linear=False)


def edge_parameters(
    architecture: Architecture, *, is_first: bool, is_last: bool
) -> Iterator[Parameter]:
    """Embedding, output head, encoder and tables of the first and the last stage."""
    table = architecture.padded_vocab * architecture.hidden
    shares = architecture.is_tied and is_first and is_last
    if is_first:
        yield Parameter("embed_tokens", table, Split.VOCABULARY)
        if architecture.per_layer_embedding:
            numbers = (
                architecture.padded_vocab
                * architecture.per_layer_embedding
                * len(architecture.layers)
            )
            yield Parameter("embed_tokens", numbers, Split.VOCABULARY)
        if architecture.learned_positions:
            yield Parameter(
                "positions", architecture.learned_positions * architecture.hidden, Split.REPLICATED
            )
    if is_last and not shares:
        yield Parameter("lm_head", table, Split.VOCABULARY)
    if architecture.encoder is not None and is_first:
        yield Parameter(
            "visual", architecture.encoder.parameters, Split.REPLICATED, is_linear=False
        )
    head = max((m.rope_dim or m.head_dim for m in architecture.mixers if m.heads), default=0)
    if head and not architecture.learned_positions:
        yield Parameter(
            "rotary table",
            min(architecture.max_position, 2**20) * head,
            Split.REPLICATED,
            is_linear=False,
        )


def _mixer(architecture: Architecture, mixer: Mixer, prefix: str) -> Iterator[Parameter]:
    if mixer.state is not None:
        yield from _state(architecture, mixer.state, prefix)
    elif mixer.kind is Kind.MLA and mixer.nope_dim:
        yield from _latent(architecture, mixer, f"{prefix}.self_attn")
    elif mixer.v_dim == 0:
        return  # The window beside compressed attention shares its projections.
    elif mixer.compression > 1:
        yield from _compressed(architecture, mixer, f"{prefix}.self_attn")
    else:
        yield from _attention(architecture, mixer, f"{prefix}.{_attention_name(architecture)}")


def _attention_name(architecture: Architecture) -> str:
    return "mixer" if any(not layer.mixers for layer in architecture.layers) else "self_attn"


def _attention(architecture: Architecture, mixer: Mixer, prefix: str) -> Iterator[Parameter]:
    hidden = architecture.hidden
    queries = mixer.heads * mixer.head_dim * (2 if mixer.is_gated else 1)
    bias = 1 if architecture.has_attention_bias else 0
    yield Parameter(f"{prefix}.q_proj", (hidden + bias) * queries)
    yield Parameter(
        f"{prefix}.k_proj",
        (hidden + bias) * mixer.kv_heads * mixer.head_dim,
        Split.HEADS,
        heads=mixer.kv_heads,
    )
    if mixer.has_value_projection:
        yield Parameter(
            f"{prefix}.v_proj",
            (hidden + bias) * mixer.kv_heads * mixer.v_dim,
            Split.HEADS,
            heads=mixer.kv_heads,
        )
    yield Parameter(f"{prefix}.o_proj", mixer.heads * mixer.v_dim * hidden)


def _latent(architecture: Architecture, mixer: Mixer, prefix: str) -> Iterator[Parameter]:
    """MLA: down-projections on every rank, up-projections by head, the latter kept twice (absorbed)."""
    hidden, heads = architecture.hidden, mixer.heads
    queries = heads * (mixer.nope_dim + mixer.rope_dim)
    if mixer.q_rank:
        yield Parameter(f"{prefix}.q_a_proj", hidden * mixer.q_rank, Split.REPLICATED)
        yield Parameter(f"{prefix}.q_b_proj", mixer.q_rank * queries)
    else:
        yield Parameter(f"{prefix}.q_proj", hidden * queries)
    yield Parameter(
        f"{prefix}.kv_a_proj_with_mqa", hidden * (mixer.kv_rank + mixer.rope_dim), Split.REPLICATED
    )
    up = mixer.kv_rank * heads * (mixer.nope_dim + mixer.v_dim)
    yield Parameter(f"{prefix}.kv_b_proj", up)
    yield Parameter(f"{prefix}.kv_b_absorbed", up, is_linear=False, fixed_bytes=2)
    yield Parameter(f"{prefix}.o_proj", heads * mixer.v_dim * hidden)
    if mixer.index_heads:
        numbers = mixer.q_rank * mixer.index_heads * mixer.index_dim
        yield Parameter(f"{prefix}.indexer.wq_b", numbers, Split.REPLICATED)
        small = hidden * (mixer.index_dim + mixer.index_heads)
        yield Parameter(f"{prefix}.indexer.wk", small, Split.REPLICATED)


def _compressed(architecture: Architecture, mixer: Mixer, prefix: str) -> Iterator[Parameter]:
    """Compressed sparse attention: low-rank queries, one key, grouped low-rank output, compressor."""
    hidden = architecture.hidden
    width = mixer.heads * mixer.head_dim
    yield Parameter(f"{prefix}.wq_a", hidden * mixer.q_rank, Split.REPLICATED)
    yield Parameter(f"{prefix}.wq_b", mixer.q_rank * width)
    yield Parameter(f"{prefix}.wkv", hidden * mixer.head_dim, Split.REPLICATED)
    yield Parameter(f"{prefix}.wo_a", width * mixer.q_rank)
    yield Parameter(f"{prefix}.wo_b", 8 * mixer.q_rank * hidden)
    yield Parameter(
        f"{prefix}.compressor", 4 * hidden * mixer.head_dim, Split.REPLICATED, is_linear=False
    )


def _state(architecture: Architecture, state: State, prefix: str) -> Iterator[Parameter]:
    """Recurrent layers: projections in and out, the convolution; small vectors left out."""
    hidden = architecture.hidden
    inner = state.heads * state.head_dim
    conv = state.conv_channels + state.groups * state.group_channels
    name = "linear_attn" if not state.groups else "mixer"
    if not state.groups:
        yield Parameter(f"{prefix}.{name}.in_proj_qkv", hidden * state.conv_channels)
        yield Parameter(f"{prefix}.{name}.in_proj_z", hidden * inner)
        yield Parameter(f"{prefix}.{name}.in_proj_b", hidden * 2 * state.heads, is_linear=False)
    else:
        yield Parameter(f"{prefix}.{name}.in_proj", hidden * (inner + conv + state.heads))
    yield Parameter(f"{prefix}.{name}.conv1d", conv * (state.conv_taps + 1), is_linear=False)
    yield Parameter(f"{prefix}.{name}.out_proj", inner * hidden)


def _feed_forward(
    architecture: Architecture, layer: Layer, ffn: FeedForward, prefix: str
) -> Iterator[Parameter]:
    hidden = architecture.hidden
    name = "mlp" if layer.mixers else "mixer"
    matrices = 3 if ffn.is_gated else 2
    if ffn.experts:
        yield from _experts(hidden, ffn, prefix if ffn.are_beside else f"{prefix}.{name}")
    if ffn.width:
        shared = f"{name}.shared_expert" if ffn.experts and not ffn.are_beside else name
        part = hidden * ffn.width
        if ffn.is_gated:
            yield Parameter(f"{prefix}.{shared}.gate_proj", part)
        yield Parameter(f"{prefix}.{shared}.up_proj", part * (matrices - 2 if ffn.is_gated else 1))
        yield Parameter(f"{prefix}.{shared}.down_proj", part)


def _experts(hidden: int, ffn: FeedForward, prefix: str) -> Iterator[Parameter]:
    inside = ffn.expert_input or hidden
    numbers = ffn.experts * ffn.expert_matrices * ffn.expert_width * inside
    yield Parameter(f"{prefix}.experts.0.up_proj", numbers, Split.EXPERTS)
    yield Parameter(f"{prefix}.gate", hidden * ffn.experts, Split.REPLICATED, is_linear=False)
    if ffn.expert_input:
        yield Parameter(f"{prefix}.latent", 2 * hidden * ffn.expert_input, Split.REPLICATED)
