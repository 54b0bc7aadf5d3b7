"""What decided something, and the line of the file where it stands."""

from dataclasses import dataclass

from llmplat.domain.errors import Where
from llmplat.spec.load import LoadedPlatform
from llmplat.spec.tree import Path


@dataclass(frozen=True)
class Reason:
    """One cause in words."""

    what: str
    where: Where | None
    """None where the file says nothing: a default, or worked out."""


@dataclass(frozen=True)
class Link:
    """One link of a model's chain from its line in the file to whoever may call it."""

    part: str
    """file, lock, memory, engine, queue, pods, scaling, pool, route, gateway, tenants ..."""
    told: tuple[Reason, ...]


def reason_at(what: str, loaded: LoadedPlatform, path: Path) -> Reason:
    """`what` with the place of `path`, where the file says anything there."""
    return Reason(what, loaded.where(path) if loaded.tree.get(path) is not None else None)
