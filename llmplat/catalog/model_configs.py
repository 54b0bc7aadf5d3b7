"""The bundled model configurations: found by a name, read one at a time, without a network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmplat.catalog.sourced import Sourced
from llmplat.domain.errors import CatalogError

MODELS = Path(__file__).parent / "data" / "models"
"""One file a model: `org__name.json` with name, source, licence, as_of and config."""


@dataclass(frozen=True)
class BundledConfig(Sourced):
    """A model's config.json, reduced to the keys that memory depends on."""

    name: str
    """As on the hub: org/name."""
    licence: str
    config: Mapping[str, Any]


@lru_cache(maxsize=1)
def bundled_names(folder: Path = MODELS) -> tuple[str, ...]:
    """All bundled models as org/name, sorted."""
    return tuple(sorted(path.stem.replace("__", "/") for path in folder.glob("*.json")))


def find_bundled(wanted: str) -> str | None:
    """The bundled model that `wanted` means: org/name, or the name alone when only one has it."""
    lowered = wanted.lower()
    whole = [name for name in bundled_names() if name.lower() == lowered]
    short = [name for name in bundled_names() if name.rpartition("/")[2].lower() == lowered]
    return next((found[0] for found in (whole, short) if len(found) == 1), None)


def near_bundled(wanted: str) -> tuple[str, ...]:
    """Up to three bundled models that `wanted` may have meant."""
    by_name = {name.rpartition("/")[2].lower(): name for name in bundled_names()}
    near = get_close_matches(wanted.rpartition("/")[2].lower(), by_name, n=3, cutoff=0.5)
    return tuple(by_name[name] for name in near)


def read_bundled(name: str, folder: Path = MODELS) -> BundledConfig:
    """The bundled model `name` (org/name); CatalogError when its file is broken."""
    path = folder / f"{name.replace('/', '__')}.json"
    try:
        entry = json.loads(path.read_bytes())
        return BundledConfig(**{key: entry[key] for key in _KEYS})
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise CatalogError(
            f"The catalogue file {path} is wrong.",
            why=f"{type(exc).__name__}: {exc}",
            fix=("report this as a bug; it is data that llmplat ships",),
        ) from exc


_KEYS = ("name", "source", "licence", "as_of", "config")
