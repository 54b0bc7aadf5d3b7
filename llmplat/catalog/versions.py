"""Turns data/versions.yaml into pins, images and pairs known to disagree; compares versions."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmplat.catalog import make
from llmplat.catalog.component_entries import Image, Incompatible, PinnedVersion
from llmplat.catalog.read import Record, read_mapping

_BOUND = re.compile(r"(>=|<=|<|>|=)\s*v?([0-9][0-9.]*)")
_COMPARE: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Versions:
    """What the one file of versions holds."""

    components: Mapping[str, PinnedVersion]
    images: Mapping[str, Image]
    incompatible: tuple[Incompatible, ...]


def load_versions(data: Path) -> Versions:
    """Everything in `data`/versions.yaml; CatalogError when a row is wrong."""
    path = data / "versions.yaml"
    record = Record(read_mapping(path), str(path))
    pins = {row.text("name"): make.make_version(row) for row in record.records("components")}
    images = {row.text("name"): make.make_image(row) for row in record.records("images")}
    pairs = tuple(make.make_incompatible(row) for row in record.records("incompatible"))
    record.done()
    return Versions(pins, images, pairs)


def numbers_of(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: "v1.21.1" -> (1, 21, 1); "1.120" > "1.9"."""
    found = re.match(r"v?([0-9]+(?:\.[0-9]+)*)", version)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


def is_within(version: str, bounds: str) -> bool:
    """Whether `version` meets every bound in a text such as ">=1.2 <1.5"; "" is any."""
    numbers = numbers_of(version)
    return all(_COMPARE[how](numbers, numbers_of(bound)) for how, bound in _BOUND.findall(bounds))
