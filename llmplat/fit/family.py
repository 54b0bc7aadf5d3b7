"""What is known of a family of models beside the config.json of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TEXT_PARTS = ("text_config", "llm_config", "language_config", "thinker_config")


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
