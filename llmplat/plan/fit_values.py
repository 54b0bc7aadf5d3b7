"""Turns catalogue entries into the values that `llmplat.fit` reads."""

from collections.abc import Mapping
from functools import cache

from llmplat.catalog.families import load_families
from llmplat.fit.read_architecture import Family


@cache
def families() -> Mapping[str, Family]:
    """Every known family by each of its model types."""
    return {
        model_type: Family(
            name=entry.name,
            model_types=entry.model_types,
            is_gated=entry.is_gated,
            has_attention_bias=entry.has_attention_bias,
            is_tied=entry.is_tied,
            window_pattern=entry.window_pattern,
            has_learned_positions=entry.has_learned_positions,
            max_capture=entry.max_capture,
            state_dtype=entry.state_dtype,
            is_query_gated=entry.is_query_gated,
            image_tokens=entry.image_tokens,
            facts=entry.facts,
        )
        for entry in load_families().values()
        for model_type in entry.model_types
    }
