"""The one place where a verb chooses by what the platform stands on."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmplat.cli.wiring import Opened


class Ground(StrEnum):
    """What the platform stands on."""

    LOCAL = "local"
    CLUSTER = "cluster"
    GKE = "gke"


def ground_of(opened: "Opened") -> Ground:
    """The substrate of the opened platform; its file has been checked to name exactly one."""
    return Ground(opened.loaded.platform.substrate.kind)
