"""A config.json -> Architecture: layer by layer, under whichever names the model uses."""

from collections.abc import Mapping
from typing import Any

from llmplat.domain.errors import InputError
from llmplat.fit.architecture import Architecture, FeedForward, Kind, Layer, Mixer
from llmplat.fit.config_values import Values
from llmplat.fit.encoder import read_encoder
from llmplat.fit.family import Family, family_of, text_part
from llmplat.fit.layer_kinds import layer_kinds, letters_of
from llmplat.fit.read_feed_forward import feed_forward_of_letter, read_feed_forward
from llmplat.fit.read_mixers import read_mixers

_NOTHING = Values({})


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
    _refuse_missing(kinds, count)
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


def _refuse_missing(kinds: tuple[str, ...], layers: int) -> None:
    if len(kinds) < layers:
        raise InputError(
            "The model's config.json does not say what each of its layers is.",
            why=f"it has {layers} layers, and a list that describes {len(kinds)} of them",
            fix=("check the file against the model's page",),
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
        return _searched_layer(values, Values(blocks[index], f"config.json (block {index})"))
    mixers = list(read_mixers(values, family, index, kind))
    letters = letters_of(values)
    if letters:
        return Layer(tuple(mixers), feed_forward_of_letter(values, family, letters[index]))
    return Layer(tuple(mixers), read_feed_forward(values, family, index))


def _searched_layer(values: Values, block: Values) -> Layer:
    """A layer of a model whose blocks differ one by one (`block_configs`)."""
    attention, ffn = block.part("attention") or _NOTHING, block.part("ffn") or _NOTHING
    heads, hidden = values.need("num_attention_heads"), values.need("hidden_size")
    mixers: tuple[Mixer, ...] = ()
    if not attention.flag("no_op") and not attention.flag("replace_with_linear"):
        group = attention.get("n_heads_in_group", 1) or 1
        dim = values.get("head_dim") or max(1, hidden // heads)
        mixers = (Mixer(Kind.FULL, heads, max(1, heads // group), dim, dim),)
    width = 0
    if not ffn.flag("no_op") and not ffn.flag("replace_with_linear"):
        width = -(-int(2 * ffn.ratio("ffn_mult") * hidden / 3) // 256) * 256
    return Layer(mixers, FeedForward(width) if width else None)
