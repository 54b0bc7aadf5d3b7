"""What the last `up` declared in the cloud, remembered in the platform's state folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmplat.adapters.atomic_file import write_whole
from llmplat.domain.errors import NewerVersionError, SpecError

FILE = "gke.json"
_SCHEMA = 1


def read_inventory(state: Path) -> dict[str, Any] | None:
    """{"project", "resources"} of the last `up`, None when there is none.

    Raises SpecError when the file is broken, NewerVersionError when a newer llmplat wrote it.
    """
    file = state / FILE
    if not file.is_file():
        return None
    try:
        document: dict[str, Any] = json.loads(file.read_text("utf-8"))
        schema = document["schema"]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SpecError(
            f"The inventory {file} cannot be read.",
            why=str(exc),
            fix=(f"mv {file} {file}.broken: then plan compares with nothing",),
        ) from exc
    if schema > _SCHEMA:
        raise NewerVersionError(
            f"The inventory {file} was written by a newer llmplat.",
            why=f"it has version {schema}; this llmplat knows up to {_SCHEMA}",
            fix=("pip install --upgrade llmplat",),
        )
    return document


def write_inventory(state: Path, project: str, resources: Sequence[Mapping[str, Any]]) -> None:
    """Remember what was applied, whole or not at all."""
    document = {"schema": _SCHEMA, "project": project, "resources": list(resources)}
    state.mkdir(parents=True, exist_ok=True)
    write_whole(state / FILE, json.dumps(document, indent=1).encode(), mode=0o600)
