"""Reads the model families that llmplat knows; only what sizes a model pays for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from llmplat.catalog.load import DATA
from llmplat.catalog.read import Record, read_each
from llmplat.catalog.sourced import Sourced


@dataclass(frozen=True)
class FamilyEntry(Sourced):
    """What a family of models does that its config.json does not say."""

    name: str
    title: str
    model_types: tuple[str, ...]
    """Values of `model_type` in config.json."""
    is_gated: bool = True
    has_attention_bias: bool = False
    is_tied: bool = False
    window_pattern: int = 0
    has_learned_positions: bool = False
    max_capture: int = 512
    state_dtype: str | None = None
    is_query_gated: bool = False
    image_tokens: int = 0
    has_shared_expert: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


@cache
def load_families(data: Path = DATA) -> Mapping[str, FamilyEntry]:
    """Every family by its name; CatalogError when a file is wrong."""
    return read_each((data / "families").glob("*.yaml"), make_family)


def make_family(record: Record) -> FamilyEntry:
    """data/families/<name>.yaml."""
    pattern, capture = (
        record.optional_number("window_pattern"),
        record.optional_number("max_capture"),
    )
    facts = record.mapping("facts")
    return FamilyEntry(
        name=record.text("name"),
        title=record.text("title"),
        model_types=record.texts("model_types"),
        is_gated=not record.has("is_gated") or record.flag("is_gated"),
        has_attention_bias=record.flag("has_attention_bias"),
        is_tied=record.flag("is_tied"),
        window_pattern=int(pattern or 0),
        has_learned_positions=record.flag("has_learned_positions"),
        max_capture=int(capture or 512),
        state_dtype=record.optional_text("state_dtype"),
        is_query_gated=record.flag("is_query_gated"),
        has_shared_expert=record.flag("has_shared_expert"),
        image_tokens=int(record.optional_number("image_tokens") or 0),
        facts={key: int(value) for key, value in facts.items()},
        source=record.text("source"),
        as_of=record.text("as_of"),
    )
