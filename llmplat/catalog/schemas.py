"""Reads the shipped API schemas: one file an API group, one a version of Kubernetes."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmplat.domain.errors import InputError

DATA = Path(__file__).parent / "data" / "schemas"
_BUILT_IN = "kubernetes-"


@dataclass(frozen=True)
class GroupSchemas:
    """The kinds of one API group, or of Kubernetes' own API."""

    kinds: dict[str, dict[str, Any]]
    """`version/Kind` (with the group in front in Kubernetes' own API) to scope and schema."""
    definitions: dict[str, dict[str, Any]]
    """What `$ref` names."""
    sources: tuple[str, ...]
    """Repository, tag and licence."""


def kubernetes_versions() -> tuple[str, ...]:
    """The minor versions whose API is shipped, oldest first."""
    names = (path.name.removeprefix(_BUILT_IN) for path in DATA.glob(f"{_BUILT_IN}*.json.gz"))
    versions = (name.removesuffix(".json.gz") for name in names)
    return tuple(sorted(versions, key=lambda version: int(version.partition(".")[2])))


def load_kubernetes(version: str) -> GroupSchemas:
    """The API of Kubernetes `version` (a minor: "1.36"); InputError when it is not shipped."""
    if version not in kubernetes_versions():
        raise InputError(
            f"There is no schema of Kubernetes {version}.",
            why=f"llmplat ships those of {', '.join(kubernetes_versions())}.",
            fix=(f"--kubernetes {kubernetes_versions()[-1]}",),
        )
    return _read(f"{_BUILT_IN}{version}")


def load_group(group: str) -> GroupSchemas | None:
    """The kinds of an API group that is not Kubernetes' own, or None when none is shipped."""
    known = f"{group}.json.gz" in {path.name for path in DATA.glob("*.json.gz")}
    return _read(group) if known else None


def _read(name: str) -> GroupSchemas:
    facts = json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))
    return GroupSchemas(facts["kinds"], facts.get("definitions", {}), tuple(facts["sources"]))
