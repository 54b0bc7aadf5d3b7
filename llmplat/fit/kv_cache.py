"""Turns a model's configuration into bytes of KV cache per token, and a memory budget into tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.domain.errors import DoesNotFitError

DTYPE_BYTES = {
    "bfloat16": 2,
    "float16": 2,
    "half": 2,
    "float32": 4,
    "float": 4,
    "auto": 2,
    "fp8": 1,
    "fp8_e4m3": 1,
    "fp8_e5m2": 1,
}
"""Bytes of one cached number by vLLM's name of the KV-cache type; `auto` means the model's own."""

_OTHER_SCHEMES = {
    "kv_lora_rank": "multi-head latent attention",
    "attention_chunk_size": "chunked attention",
    "layers_block_type": "a hybrid of attention and state layers",
    "hybrid_override_pattern": "a hybrid of attention and state layers",
    "linear_num_key_heads": "linear attention",
    "ssm_cfg": "state-space layers",
}


@dataclass(frozen=True)
class KvCache:
    """What one token of context costs, and how that is known."""

    bytes_per_token: int
    is_estimate: bool
    how: str
    """The formula with its figures, for people."""


def kv_cache_of(config: Mapping[str, Any], *, kv_dtype: str = "auto") -> KvCache:
    """KV-cache cost of full attention: 2 x layers x key-value heads x head size x bytes.

    The factor 2 is one key and one value; grouped-query attention stores `num_key_value_heads`
    of them per layer (vLLM: one page of a full-attention layer, `FullAttentionSpec`). Sliding
    windows are counted as full attention, which errs high, and marked as an estimate.

    Raises DoesNotFitError when the scheme is not one that this formula describes.
    """
    text = text_config(config)
    _refuse_other_schemes(text)
    layers, kv_heads = _required(text, "num_hidden_layers"), _kv_heads(text)
    head_dim = _head_dim(text)
    each = _bytes_each(text, kv_dtype)
    sliding = _uses_sliding_window(text)
    how = f"2 x {layers} layers x {kv_heads} KV heads x {head_dim} x {each} bytes"
    if sliding:
        how += "; sliding-window layers counted as full attention, which errs high"
    return KvCache(2 * layers * kv_heads * head_dim * each, is_estimate=sliding, how=how)


def tokens_in(kv_cache_bytes: int, bytes_per_token: int, block_tokens: int) -> int:
    """Tokens that `kv_cache_bytes` hold: whole blocks, less the null block the engine keeps."""
    blocks = kv_cache_bytes // (bytes_per_token * block_tokens)
    return max(0, blocks - 1) * block_tokens


def bytes_for(tokens: int, sequences: int, bytes_per_token: int, block_tokens: int) -> int:
    """KV-cache bytes in which `sequences` requests of `tokens` tokens each fit at once."""
    blocks_each = -(-tokens // block_tokens)
    return (sequences * blocks_each + 1) * block_tokens * bytes_per_token


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of `config` that describes the language model: nested in multimodal ones."""
    nested = config.get("text_config")
    return nested if isinstance(nested, Mapping) else config


def _refuse_other_schemes(text: Mapping[str, Any]) -> None:
    for key, scheme in _OTHER_SCHEMES.items():
        if text.get(key):
            raise DoesNotFitError(
                f"The KV cache of a {text.get('model_type', 'model')} cannot be computed.",
                why=f"it uses {scheme} ({key}: {text[key]}); only full attention is known.",
                fix=(
                    "llmplat list models",
                    "serve it elsewhere and name it with backend: {url, model, keySecret}",
                ),
            )


def _required(text: Mapping[str, Any], key: str) -> int:
    value = text.get(key)
    if isinstance(value, int) and value > 0:
        return value
    raise DoesNotFitError(
        "The KV cache of the model cannot be computed.",
        why=f"its configuration has {key}: {value!r}, a positive whole number is needed.",
        fix=("llmplat lock", "check the model's config.json"),
    )


def _kv_heads(text: Mapping[str, Any]) -> int:
    if text.get("num_key_value_heads"):
        return _required(text, "num_key_value_heads")
    return _required(text, "num_attention_heads")


def _head_dim(text: Mapping[str, Any]) -> int:
    if text.get("head_dim"):
        return _required(text, "head_dim")
    hidden, heads = _required(text, "hidden_size"), _required(text, "num_attention_heads")
    return _required({"head_dim": hidden // heads}, "head_dim")


def _bytes_each(text: Mapping[str, Any], kv_dtype: str) -> int:
    name = kv_dtype
    if kv_dtype == "auto":
        name = str(text.get("torch_dtype") or text.get("dtype") or "bfloat16")
    return DTYPE_BYTES.get(name.removeprefix("torch."), 2)


def _uses_sliding_window(text: Mapping[str, Any]) -> bool:
    return bool(text.get("sliding_window")) and text.get("use_sliding_window") is not False
