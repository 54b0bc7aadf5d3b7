"""Reads what is shipped of charts: which values each of them knows."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "charts"


@dataclass(frozen=True)
class ChartValues:
    """The values that one chart knows."""

    source: str
    """Repository, tag and licence of what it was read from."""
    schema: dict[str, Any]
    mentioned: frozenset[str]
    """Keys that its values.yaml only speaks of, in comments."""


def load_chart(name: str) -> ChartValues | None:
    """What the chart `name` knows, or None when it is not shipped."""
    if f"{name}.json.gz" not in {path.name for path in DATA.glob("*.json.gz")}:
        return None
    facts = json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))
    return ChartValues(facts["source"], facts["schema"], frozenset(facts["mentioned"]))


def unknown_keys(
    chart: ChartValues, values: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(path, the keys known there) of each key in `values` that the chart would ignore silently."""
    for path, known in _unknown(chart.schema, values, ()):
        if path[-1] not in chart.mentioned:
            yield path, known


def _unknown(
    schema: Mapping[str, Any], values: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    known = schema.get("properties")
    is_open = {"x-kubernetes-preserve-unknown-fields", "additionalProperties"} & schema.keys()
    if not known or is_open:
        return
    for key, value in values.items():
        if key not in known:
            yield (*path, key), tuple(known)
        elif isinstance(value, Mapping):
            yield from _unknown(known[key], value, (*path, key))
