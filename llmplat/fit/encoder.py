"""The vision tower of a multimodal model, from config.json's vision_config."""

from collections.abc import Mapping
from typing import Any

from llmplat.fit.architecture import Encoder
from llmplat.fit.config_values import Values

_DEPTH = ("depth", "num_hidden_layers", "vt_num_hidden_layers", "layers")
_WIDTH = ("hidden_size", "vt_hidden_size", "embed_dim", "width")


def read_encoder(config: Mapping[str, Any], text: Values, image_tokens: int) -> Encoder | None:
    """The tower that `config` describes, None for a language model.

    `text` is the language part; `image_tokens` the family's largest image where its size is free.
    """
    part = config.get("vision_config")
    if not isinstance(part, Mapping):
        return None
    values = Values(part, "config.json (vision_config)")
    layers = _first(values, _DEPTH)
    hidden = _first(values, _WIDTH)
    width = values.get("intermediate_size") or values.get("vt_intermediate_size") or 4 * hidden
    patch = values.need("patch_size") if isinstance(part.get("patch_size"), int) else 14
    matrices = 3 if part.get("hidden_act") == "silu" else 2
    tower = layers * (4 * hidden * hidden + matrices * hidden * width)
    joined = hidden * _merge(config, part) ** 2
    projector = joined * joined + joined * text.need("hidden_size")
    deepstack = len(values.texts("deepstack_visual_indexes"))
    return Encoder(
        layers, hidden, width, patch,
        pixels_per_token=_pixels_per_token(config, part, patch),
        image_tokens=0 if isinstance(part.get("image_size"), int) else image_tokens,
        deepstack=deepstack,
        parameters=tower + projector * (1 + deepstack),
    )  # fmt: skip


def _first(values: Values, names: tuple[str, ...]) -> int:
    return next((value for name in names if (value := values.get(name))), 0)


def _merge(config: Mapping[str, Any], part: Mapping[str, Any]) -> int:
    """Patches side by side that become one token."""
    for place in (part, config):
        for name in ("spatial_merge_size", "merge_kernel_size", "pooling_kernel_size"):
            said = place.get(name)
            said = said[0] if isinstance(said, list) and said else said
            if isinstance(said, int):
                return Values({name: said}, "config.json (vision_config)").need(name)
    return 2 if part.get("pixel_shuffle_ratio") else 1


def _pixels_per_token(config: Mapping[str, Any], part: Mapping[str, Any], patch: int) -> int:
    tokens = Values(config).get("mm_tokens_per_image")
    if tokens and isinstance(part.get("image_size"), int):
        return Values(part, "config.json (vision_config)").need("image_size") ** 2 // tokens
    return (patch * _merge(config, part)) ** 2
