"""Reads what a platform takes of a cloud project: APIs, permissions by role, names of quotas."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from llmplat.catalog.load import DATA
from llmplat.catalog.read import read_mapping
from llmplat.catalog.sourced import Sourced
from llmplat.domain.errors import CatalogError


@dataclass(frozen=True)
class GpuQuotas:
    """Which figures count one kind of GPU; None where the API lists none."""

    stays: str | None = None
    taken: str | None = None
    """Of machines that may be taken away: spot and flex-start."""
    family: str | None = None
    """Counted by family where there is no figure of its own."""


@dataclass(frozen=True)
class CloudFacts(Sourced):
    """What GKE takes of a project."""

    apis: tuple[str, ...]
    roles: Mapping[str, tuple[str, ...]]
    """Role -> permissions that it holds and the platform needs."""
    gpus: Mapping[str, GpuQuotas]
    """By accelerator type."""
    cpus: Mapping[str, str]
    """Family of machine types -> quota of their vCPUs."""

    def role_of(self, permission: str) -> str:
        """The role that holds `permission`."""
        return next(role for role, held in self.roles.items() if permission in held)


@cache
def load_cloud(data: Path = DATA) -> CloudFacts:
    """The table for Google Cloud; CatalogError when it is wrong."""
    document = read_mapping(data / "cloud" / "gcp.yaml")
    try:
        return _facts(document)
    except (KeyError, TypeError, AttributeError) as exc:
        raise CatalogError(
            "The table of the cloud's quotas is wrong in the catalogue.",
            why=f"{type(exc).__name__}: {exc}",
            fix=("report this as a bug; it is data that llmplat ships",),
        ) from exc


def _facts(document: Mapping[str, Any]) -> CloudFacts:
    return CloudFacts(
        source=document["source"],
        as_of=str(document["as_of"]),
        apis=tuple(document["apis"]),
        roles={role: tuple(held) for role, held in document["roles"].items()},
        gpus={name: GpuQuotas(**row) for name, row in document["gpus"].items()},
        cpus=dict(document["cpus"]),
    )
