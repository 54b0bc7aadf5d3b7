"""A model's config.json -> what memory depends on, under Hugging Face's own names."""

import re
from collections.abc import Mapping
from typing import Any

_FLAT = (
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
    "quantization_config",
)
"""Numbers of the language part that the lock shows at the top, whatever part states them."""
_NO_MATTER = re.compile(
    r"_.*|auto_map|id2label|label2id|transformers_version|use_cache|initializer_.*|.*token_ids?"
    r"|.*token_index|.*dropout.*|.*_pdrop|.*aux_loss.*|output_.*|return_dict|problem_type"
    r"|task_specific_params|num_beam.*|num_return_sequences|pretraining_tp|tokenizer_class"
)
"""Keys that say how a model is trained or prompted."""
_EXPERT = re.compile(r"(experts\.)\d+(?=\.|$)")
_NAME_LISTS = ("ignore", "exclude_modules", "modules_to_not_convert", "ignored_layers")


def read_config_facts(config: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that `config` states, absent ones left out; one name for all experts of a layer.

    A model with several parts keeps its language part's numbers under `text_config`; what both
    say, the outer one decides only for model_type and architectures.
    """
    facts = {**_kept(config), **_flat(config)}
    quantization = facts.get("quantization_config")
    if isinstance(quantization, Mapping):
        facts["quantization_config"] = _shortened(quantization)
    return facts


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    inner = config.get("text_config")
    inner = inner if isinstance(inner, Mapping) else {}
    outer_first = ("model_type", "architectures")
    facts: dict[str, Any] = {}
    for name in _FLAT:
        places = (config, inner) if name in outer_first else (inner, config)
        value = next((place[name] for place in places if place.get(name) is not None), None)
        if value is not None:
            facts[name] = value
    for place in (inner, config):
        # Newer versions of transformers write `dtype` for `torch_dtype`.
        if "torch_dtype" not in facts and isinstance(place.get("dtype"), str):
            facts["torch_dtype"] = place["dtype"]
    return facts


def _kept(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _kept(item) if isinstance(item, Mapping) and key != "quantization_config" else item
        for key, item in value.items()
        if item is not None and not _NO_MATTER.fullmatch(str(key))
    }


def _shortened(quantization: Mapping[str, Any]) -> dict[str, Any]:
    """The same with one name for all experts of a layer: they are quantized alike."""
    short = dict(quantization)
    for key in _NAME_LISTS:
        if isinstance(short.get(key), list):
            short[key] = list(dict.fromkeys(_EXPERT.sub(r"\g<1>0", str(n)) for n in short[key]))
    layers = short.get("quantized_layers")
    if isinstance(layers, Mapping):
        short["quantized_layers"] = {
            _EXPERT.sub(r"\g<1>0", str(n)): how for n, how in layers.items()
        }
    return short
