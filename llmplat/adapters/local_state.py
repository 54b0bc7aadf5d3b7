"""The inventory of what runs for a platform <-> state.json."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmplat.adapters.atomic_file import write_whole
from llmplat.domain.errors import NewerVersionError

API_VERSION = "llmplat.dev/v1alpha1"
KIND = "LocalState"
STATE_VERSION = 1
"""Raised whenever an older llmplat could no longer act on the file."""


@dataclass(frozen=True)
class ServiceEntry:
    """One service as it was last started."""

    name: str
    role: str
    host: str
    port: int
    probe_path: str
    probe_timeout_s: float
    startup_budget_s: float
    stop_grace_s: float
    memory_bytes: int
    digest: str
    model: str | None = None


@dataclass(frozen=True)
class State:
    """All that `up` wrote down."""

    platform: str
    services: tuple[ServiceEntry, ...] = ()
    caches: tuple[str, ...] = ()
    redis_version: str | None = None

    def service(self, name: str) -> ServiceEntry | None:
        """The entry of service `name`."""
        return next((entry for entry in self.services if entry.name == name), None)


def read_state(path: Path) -> State | None:
    """The inventory at `path`; None when there is none or it is broken (it is rebuilt by `up`).

    Raises:
        NewerVersionError: a newer llmplat wrote it.
    """
    try:
        document = json.loads(path.read_text())
        version = document["stateVersion"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    _check_version(path, document, version)
    try:
        return State(
            platform=document["platform"],
            services=tuple(ServiceEntry(**entry) for entry in document["services"]),
            caches=tuple(document["caches"]),
            redis_version=document["redisVersion"],
        )
    except (KeyError, TypeError):
        return None


def write_state(path: Path, state: State, llmplat_version: str) -> None:
    """Write the inventory; the same state gives the same bytes."""
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "stateVersion": STATE_VERSION,
        "writtenBy": llmplat_version,
        "platform": state.platform,
        "services": [asdict(entry) for entry in state.services],
        "caches": list(state.caches),
        "redisVersion": state.redis_version,
    }
    write_whole(path, (json.dumps(document, indent=2) + "\n").encode())


def _check_version(path: Path, document: dict[str, Any], version: object) -> None:
    if isinstance(version, int) and version <= STATE_VERSION:
        return
    writer = document.get("writtenBy", "a newer llmplat")
    raise NewerVersionError(
        f"The state in {path.parent} was written by a newer llmplat.",
        f"it has state version {version} (by {writer}); this one knows up to {STATE_VERSION}",
        ("pip install --upgrade llmplat", f"or start afresh with LLMPLAT_STATE_HOME, not {path}"),
    )
