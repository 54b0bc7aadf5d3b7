"""A model as it was found, ready to be measured against a GPU."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.fit.inputs import Checkpoint


@dataclass(frozen=True)
class FoundModel:
    """A model's configuration and what is known of its stored weights."""

    name: str
    """As the user wrote it."""
    origin: str
    """Where it was read, for people."""
    revision: str | None
    """The commit it was read at; None for files of this machine and the bundled catalogue."""
    config: Mapping[str, Any]
    checkpoint: Checkpoint | None
    """None: the weights are worked out from the configuration."""
    notes: tuple[str, ...] = ()
