"""What mixes the tokens of a layer: attention of each kind, and state; sizes as config.json has them."""

from llmplat.fit import layer_kinds as kinds_of
from llmplat.fit.architecture import Kind, Mixer, State
from llmplat.fit.config_values import Values
from llmplat.fit.family import Family
from llmplat.fit.state_layers import read_state

_INDEX_SCALE_BYTES = 4
"""The indexer of sparse attention caches one fp8 vector and one fp32 scale per token."""


def read_mixers(values: Values, family: Family, index: int, kind: str) -> list[Mixer]:
    """Those of the layer at `index`, 0 first, whose kind is one of `layer_kinds`."""
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
        return _compressed(values, values.of_layer("compress_ratios", index))
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
