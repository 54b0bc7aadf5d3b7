"""Where the engine's own histograms can say how many answers were quick enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from llmplat.domain.foreign_text import parse_json
from llmplat.spec.engine_options import VERSION
from llmplat.spec.model import Model

OPTION = "custom-histogram-buckets"
"""Engine option that moves the buckets of a family: a JSON mapping from family to its buckets."""
_FOLDER = Path(__file__).with_name("data") / "engine-histograms"


@dataclass(frozen=True)
class Histogram:
    """One histogram of the engine."""

    family: str
    metric: str
    """Name without _bucket, _count and _sum."""
    buckets_s: tuple[float, ...]
    """Upper ends in seconds, rising, without infinity."""

    def nearest_s(self, target_s: float) -> float:
        """The bucket's end that is nearest to `target_s`, the stricter of two that are as near."""
        return min(self.buckets_s, key=lambda end: (abs(end - target_s), end))


@cache
def load_histograms(version: str = VERSION) -> Mapping[str, Histogram]:
    """Key of a target in the platform file -> the histogram that measures it."""
    text = (_FOLDER / f"vllm-{version}.yaml").read_text("utf-8")
    rows = yaml.safe_load(text)["histograms"]
    return {
        key: Histogram(row["family"], row["metric"], tuple(float(end) for end in row["buckets_s"]))
        for key, row in rows.items()
    }


def histograms_of(model: Model) -> Mapping[str, Histogram]:
    """The same with the buckets that the file gives this model's engine."""
    options = {name.replace("_", "-"): value for name, value in model.engine.options.items()}
    own = _own_buckets(options.get(OPTION))
    return {
        key: Histogram(one.family, one.metric, own.get(one.family, one.buckets_s))
        for key, one in load_histograms().items()
    }


def _own_buckets(text: object) -> dict[str, tuple[float, ...]]:
    """Buckets by family; none of a text that the engine will refuse itself."""
    try:
        given = parse_json(text) if isinstance(text, str) else {}
        return {family: tuple(float(end) for end in ends) for family, ends in given.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
