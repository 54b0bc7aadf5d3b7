"""What is known of public registries: limits and the way they take uploads, by host."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from llmplat.catalog.read import read_mapping
from llmplat.domain.errors import CatalogError

_FILE = Path(__file__).parent / "data" / "registries.yaml"
_DIALECTS = {"put", "stream", "pieces"}
_FRAMINGS = {"open", "length"}


@dataclass(frozen=True)
class RegistryFacts:
    """One registry; None where nothing is known."""

    name: str
    dialect: str | None = None
    framing: str | None = None
    layer_bytes: int | None = None
    layers: int | None = None
    source: str = ""


def find_registry(host: str, file: Path = _FILE) -> RegistryFacts:
    """What is known of `host` (a port is ignored); raises CatalogError when the data is wrong."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    document = read_mapping(file)
    try:
        for entry in document["registries"]:
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in entry["hosts"]):
                return _facts(entry)
    except (KeyError, TypeError, ValueError) as exc:
        raise CatalogError(
            "The table of registries is wrong in the catalogue.",
            why=f"{type(exc).__name__}: {exc}",
            fix=("report this as a bug; it is data that llmplat ships",),
        ) from exc
    return RegistryFacts(name)


def _facts(entry: dict[str, object]) -> RegistryFacts:
    known = {"hosts", "name", "dialect", "framing", "layer_bytes", "layers", "source"}
    if extra := set(entry) - known:
        msg = f"unknown keys {sorted(extra)}"
        raise ValueError(msg)
    facts = RegistryFacts(**{key: value for key, value in entry.items() if key != "hosts"})  # type: ignore[arg-type]  # YAML; checked below
    if facts.dialect not in _DIALECTS or facts.framing not in {*_FRAMINGS, None}:
        msg = f"{facts.name}: dialect {facts.dialect}, framing {facts.framing}"
        raise ValueError(msg)
    return facts
