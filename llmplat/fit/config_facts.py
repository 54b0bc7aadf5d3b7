"""A model's config.json -> the few facts that planning reads, under Hugging Face's own names."""

from collections.abc import Mapping
from typing import Any

_FACTS = (
    "model_type",
    "architectures",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
    "torch_dtype",
    "vocab_size",
    "sliding_window",
    "kv_lora_rank",
    "qk_rope_head_dim",
    "num_experts",
    "num_local_experts",
    "num_experts_per_tok",
    "quantization_config",
)


def read_config_facts(config: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that `config` states, absent ones left out.

    A model with several parts keeps its language part's numbers under `text_config`; what both
    say, the outer one decides only for model_type and architectures.
    """
    inner = config.get("text_config")
    inner = inner if isinstance(inner, Mapping) else {}
    outer_first = ("model_type", "architectures")
    facts: dict[str, Any] = {}
    for name in _FACTS:
        places = (config, inner) if name in outer_first else (inner, config)
        value = next((place[name] for place in places if place.get(name) is not None), None)
        if value is not None:
            facts[name] = value
    for place in (inner, config):
        # Newer versions of transformers write `dtype` for `torch_dtype`.
        if "torch_dtype" not in facts and isinstance(place.get("dtype"), str):
            facts["torch_dtype"] = place["dtype"]
    return facts
