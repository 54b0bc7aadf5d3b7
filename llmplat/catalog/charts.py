"""Reads what is shipped of charts: which values each of them knows."""

import gzip
import json
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
