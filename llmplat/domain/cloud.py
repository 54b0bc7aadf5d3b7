"""What the stages need to know of a cloud project before they spend money there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class CloudProject:
    """One project."""

    id: str
    number: str
    is_active: bool


@dataclass(frozen=True)
class Quota:
    """How much of something a project may have, and has."""

    limit: float
    usage: float

    @property
    def left(self) -> float:
        """What may still be taken."""
        return self.limit - self.usage


@dataclass(frozen=True)
class Named:
    """Something of ours by its kind and name."""

    kind: str
    """cluster, network or repository."""
    name: str
    location: str


class Cloud(Protocol):
    """One identity in one project of a cloud; reads only.

    Every method raises CredentialsError (none, or no longer good), CloudDisabledError (an API is
    off), CloudRefusedError (not allowed, or no such project) or CloudError (no answer).
    """

    def account(self) -> str:
        """Whom the cloud sees, as far as that is known."""
        ...

    def project(self) -> CloudProject:
        """The project itself."""
        ...

    def enabled(self, apis: Iterable[str]) -> frozenset[str]:
        """Those of `apis` that are on."""
        ...

    def has_billing(self) -> bool:
        """Whether somebody pays for it."""
        ...

    def permissions(self, wanted: Iterable[str]) -> frozenset[str]:
        """Those of `wanted` that this identity has on the project."""
        ...

    def quotas(self, region: str | None = None) -> Mapping[str, Quota]:
        """Figures of a region; without one those that count all regions together."""
        ...

    def family_limit(self, region: str, family: str) -> float | None:
        """How many GPUs of a family; None when the cloud states nothing."""
        ...

    def zones(self, region: str) -> tuple[str, ...]:
        """Zones of a region that are up; empty for a region that is not there."""
        ...

    def vcpus(self, zone: str, machine: str) -> int | None:
        """VCPUs of a machine type, None where the zone does not have it."""
        ...

    def has_accelerator(self, zone: str, accelerator: str) -> bool:
        """Whether the zone has that GPU."""
        ...

    def versions(self, region: str, channel: str) -> tuple[str, ...]:
        """Versions that a new cluster may have in a release channel."""
        ...

    def serves(self, cluster: Named) -> bool:
        """Whether that cluster is there and not on its way out."""
        ...

    def owner(self, thing: Named) -> str | None:
        """Whose it is: a platform's name, "" for somebody else's; None when there is no such thing."""
        ...
