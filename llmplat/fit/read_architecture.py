"""A config.json -> Architecture: layer by layer, under whichever names the model uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmplat.fit import layer_kinds as kinds_of
from llmplat.fit.architecture import Architecture, FeedForward, Kind, Layer, Mixer, State
from llmplat.fit.config_values import Values
from llmplat.fit.encoder import read_encoder
from llmplat.fit.layer_kinds import layer_kinds, letters_of
from llmplat.fit.state_layers import read_state

_TEXT_PARTS = ("text_config", "llm_config", "language_config", "thinker_config")
_INDEX_SCALE_BYTES = 4
"""The indexer of sparse attention caches one fp8 vector and one fp32 scale per token."""


@dataclass(frozen=True)
class Family:
    """What a family of models does that its config.json does not say."""

    name: str
    model_types: tuple[str, ...]
    is_gated: bool = True
    """The feed-forward has a gate beside up and down."""
    has_attention_bias: bool = False
    is_tied: bool = False
    """Embedding and output head are one tensor when the file does not say."""
    window_pattern: int = 0
    has_learned_positions: bool = False
    max_capture: int = 512
    state_dtype: str | None = None
    is_query_gated: bool = False
    has_shared_expert: bool = False
    """Expert layers have one shared expert, of an expert's width, that the file does not name."""
    image_tokens: int = 0
    """Tokens of the largest image, where pictures keep their own size."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Values of config.json that checkpoints of this family leave out."""


def text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of `config` that describes the language model."""
    for name in _TEXT_PARTS:
        part = config.get(name)
        if isinstance(part, Mapping):
            return part
    return config


def family_of(config: Mapping[str, Any], families: Mapping[str, Family]) -> Family | None:
    """The family that `config` names by its model type, the inner part's or the outer one's."""
    for part in (text_part(config), config):
        family = families.get(str(part.get("model_type")))
        if family is not None:
            return family
    return None


def read_architecture(config: Mapping[str, Any], families: Mapping[str, Family]) -> Architecture:
    """The model that `config` (a config.json as read) describes; `families` by model type.

    A family that is not known is treated as plain attention with what the file says.
    Raises InputError when a number that memory depends on is missing or absurd.
    """
    family = family_of(config, families)
    shape = family or Family("unknown", ())
    said = text_part(config)
    # Only a nested part leaves out what its class fills in; a whole file that does is broken.
    text = {**shape.facts, **said} if said is not config else dict(said)
    values = Values(text)
    count = len(letters_of(values)) or values.need("num_hidden_layers")
    kinds = layer_kinds(values, count, shape.window_pattern)
    layers = tuple(_layer(values, shape, i, kind) for i, kind in enumerate(kinds))
    tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    positions = values.need("max_position_embeddings") if shape.has_learned_positions else 0
    return Architecture(
        model_type=str(text.get("model_type") or config.get("model_type") or "unknown"),
        is_known=family is not None,
        layers=layers,
        hidden=values.need("hidden_size"),
        vocab=values.need("vocab_size"),
        max_position=values.get("max_position_embeddings", 2048) or 2048,
        dtype=_dtype(text, config),
        is_tied=shape.is_tied if tied is None else bool(tied),
        has_attention_bias=values.flag("attention_bias", default=shape.has_attention_bias),
        learned_positions=positions,
        encoder=read_encoder(config, values, shape.image_tokens),
        max_capture=shape.max_capture,
        nextn_layers=values.get("num_nextn_predict_layers", 0) or 0,
        quantization=_quantization(config, text),
        expert_dtype=text.get("expert_dtype"),
        family=family.name if family else None,
        per_layer_embedding=values.get("hidden_size_per_layer_input", 0) or 0,
        is_hybrid=any(m.kind is Kind.STATE for layer in layers for m in layer.mixers),
    )


def _dtype(text: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    for place in (text, config):
        for key in ("torch_dtype", "dtype"):
            if isinstance(place.get(key), str):
                return str(place[key]).removeprefix("torch.")
    return "bfloat16"


def _quantization(config: Mapping[str, Any], text: Mapping[str, Any]) -> Mapping[str, Any]:
    for place in (config, text):
        said = place.get("quantization_config") or place.get("compression_config")
        if isinstance(said, Mapping):
            return said
    return {}


def _layer(values: Values, family: Family, index: int, kind: str) -> Layer:
    blocks = values.facts.get("block_configs")
    if isinstance(blocks, list) and index < len(blocks):
        return _searched_layer(values, blocks[index])
    mixers = list(_mixers(values, family, index, kind))
    letters = letters_of(values)
    if letters:
        return Layer(tuple(mixers), _ffn_of_letter(values, family, letters[index]))
    return Layer(tuple(mixers), _ffn(values, family, index))


def _mixers(values: Values, family: Family, index: int, kind: str) -> list[Mixer]:
    if kind == kinds_of.FFN:
        return []
    if kind == kinds_of.STATE:
        return [Mixer(Kind.STATE, 0, state=_state(values, family))]
    if kind == kinds_of.BOTH:
        return [
            Mixer(Kind.STATE, 0, state=_state(values, family)),
            _attention(values, family, kinds_of.FULL),
        ]
    if values.numbers("compress_ratios"):
        return _compressed(values, values.numbers("compress_ratios")[index])
    if values.get("kv_lora_rank"):
        return [_latent(values)]
    return [_attention(values, family, kind)]


def _state(values: Values, family: Family) -> State:
    return read_state(values, family.state_dtype)


def _attention(values: Values, family: Family, kind: str) -> Mixer:
    heads = values.need("num_attention_heads")
    kv_heads = values.get("num_key_value_heads", heads) or heads
    if values.flag("multi_query") and values.get("num_key_value_heads") is None:
        kv_heads = 1
    head_dim = values.get("head_dim") or max(1, values.need("hidden_size") // heads)
    v_dim = values.get("v_head_dim", head_dim) or head_dim
    has_value = True
    if kind == kinds_of.SLIDING:
        heads = values.get("swa_num_attention_heads", heads) or heads
        kv_heads = values.get("swa_num_key_value_heads", kv_heads) or kv_heads
        head_dim = values.get("swa_head_dim", head_dim) or head_dim
        v_dim = values.get("swa_v_head_dim", v_dim) or v_dim
    elif values.get("global_head_dim"):
        head_dim = v_dim = values.need("global_head_dim")
        kv_heads = values.get("num_global_key_value_heads", kv_heads) or kv_heads
        has_value = not values.flag("attention_k_eq_v")
    window = 0
    if kind == kinds_of.SLIDING:
        window = values.get("sliding_window") or values.need("sliding_window_size")
    elif kind == kinds_of.CHUNKED:
        window = values.need("attention_chunk_size")
    return Mixer(
        Kind(kind), heads, kv_heads, head_dim, v_dim, window,
        is_gated=values.flag("attn_output_gate", default=family.is_query_gated),
        has_value_projection=has_value,
    )  # fmt: skip


def _latent(values: Values) -> Mixer:
    """Multi-head latent attention: one vector of kv_lora_rank + rope per token, not per head."""
    rank, rope = values.need("kv_lora_rank"), values.get("qk_rope_head_dim", 0) or 0
    index = values.get("index_head_dim", 0) or 0
    nope = values.get("qk_nope_head_dim", 128) or 128
    return Mixer(
        Kind.MLA,
        heads=values.need("num_attention_heads"),
        kv_heads=1,
        head_dim=rank + rope,
        v_dim=values.get("v_head_dim", nope) or nope,
        index_bytes=index + _INDEX_SCALE_BYTES if index else 0,
        q_rank=values.get("q_lora_rank", 0) or 0,
        rope_dim=rope,
        nope_dim=nope,
        kv_rank=rank,
        index_heads=values.get("index_n_heads", 0) or 0,
        index_dim=index,
    )


def _compressed(values: Values, ratio: int) -> list[Mixer]:
    """Compressed sparse attention: a window beside one cached entry per `ratio` tokens."""
    heads, dim = values.need("num_attention_heads"), values.need("head_dim")
    window = Mixer(Kind.SLIDING, heads, 1, dim, 0, values.need("sliding_window"))
    if ratio <= 1:
        return [window]
    index = values.get("index_head_dim", 0) or 0
    main = Mixer(
        Kind.MLA, heads, 1, dim, dim, compression=ratio,
        index_bytes=index + _INDEX_SCALE_BYTES if index and ratio <= 16 else 0,
        q_rank=values.get("q_lora_rank", 0) or 0, kv_rank=dim, rope_dim=0,
    )  # fmt: skip
    return [main, window]


def _searched_layer(values: Values, block: Mapping[str, Any]) -> Layer:
    """A layer of a model whose blocks differ one by one (`block_configs`)."""
    attention, ffn = Values(block.get("attention") or {}), Values(block.get("ffn") or {})
    heads, hidden = values.need("num_attention_heads"), values.need("hidden_size")
    mixers: tuple[Mixer, ...] = ()
    if not attention.flag("no_op") and not attention.flag("replace_with_linear"):
        group = attention.get("n_heads_in_group", 1) or 1
        dim = values.get("head_dim") or hidden // heads
        mixers = (Mixer(Kind.FULL, heads, max(1, heads // group), dim, dim),)
    width = 0
    if not ffn.flag("no_op") and not ffn.flag("replace_with_linear"):
        multiple = float(ffn.facts.get("ffn_mult") or 0)
        width = -(-int(2 * multiple * hidden / 3) // 256) * 256
    return Layer(mixers, FeedForward(width) if width else None)


def _ffn_of_letter(values: Values, family: Family, letter: str) -> FeedForward | None:
    if letter == "-":
        return FeedForward(values.need("intermediate_size"), is_gated=family.is_gated)
    if letter == "E":
        return _experts(values, family)
    return None


def _ffn(values: Values, family: Family, index: int) -> FeedForward | None:
    if values.get("experts") and _has_experts(values, index):
        experts = _experts(values, family)
        if values.flag("enable_moe_block"):
            return FeedForward(
                values.need("intermediate_size"), experts.experts, experts.top_k, experts.expert_width,
                are_beside=True,
            )  # fmt: skip
        return experts
    width = values.get("dense_intermediate_size") or values.get("intermediate_size_mlp")
    width = width or values.get("intermediate_size") or 4 * values.need("hidden_size")
    return FeedForward(width, is_gated=family.is_gated)


def _has_experts(values: Values, index: int) -> bool:
    marks = values.facts.get("moe_layer_freq")
    if isinstance(marks, list):
        return index < len(marks) and bool(marks[index])
    if index < (values.get("first_k_dense_replace", 0) or 0):
        return False
    if index in values.numbers("mlp_only_layers"):
        return False
    period = values.get("expert_layer_period")
    if period:
        return index % period == (values.get("expert_layer_offset", 0) or 0)
    step = values.get("interleave_moe_layer_step") or values.get("decoder_sparse_step") or 1
    return (index + 1) % step == 0


def _experts(values: Values, family: Family) -> FeedForward:
    width = values.get("moe_intermediate_size") or values.need("intermediate_size")
    matrices = 3 if family.is_gated else 2
    return FeedForward(
        width=_shared_width(values, width) or (width if family.has_shared_expert else 0),
        experts=values.need("experts"),
        top_k=values.get("top_k", 1) or 1,
        expert_width=width,
        expert_input=values.get("moe_latent_size") or values.get("routed_expert_hidden_size") or 0,
        is_gated=family.is_gated,
        expert_matrices=matrices,
    )


def _shared_width(values: Values, expert_width: int) -> int:
    for name in (
        "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "shared_intermediate_size",
    ):  # fmt: skip
        said = values.get(name)
        if said is not None:
            return said * (values.get("n_shared_experts", 1) or 1) if "moe_shared" in name else said
    shared = values.get("n_shared_experts") or values.get("num_shared_experts") or 0
    return shared * expert_width
