"""What every decision about a cluster starts from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmplat.catalog.entries import Catalog, SubstrateFacts
from llmplat.domain.errors import LockMissingError
from llmplat.plan.launch import EngineLaunch, GatewayLaunch
from llmplat.plan.planned import PlannedComponent, PlannedLayer, PlannedModel
from llmplat.spec.platform import Platform

if TYPE_CHECKING:
    from llmplat.spec.keys import KeysFile
    from llmplat.spec.lock import Lock


@dataclass(frozen=True)
class Ground:
    """The file, the lock, the catalogue and what was decided of models before."""

    platform: Platform
    lock: "Lock | None"
    catalog: Catalog
    substrate: SubstrateFacts
    """With the abilities that the file's own keys add or take away."""
    kubernetes: str
    """Minor version of the cluster, such as "1.34"."""
    layers: tuple[PlannedLayer, ...]
    components: tuple[PlannedComponent, ...]
    models: tuple[PlannedModel, ...]
    engines: tuple[EngineLaunch, ...]
    gateway: GatewayLaunch | None
    keys: "KeysFile | None" = None
    """Declared keys; None where there is no keys file."""

    def runs(self, component: str) -> bool:
        """Whether `component` is part of this platform."""
        return any(one.name == component for one in self.components)

    def has(self, ability: str) -> bool:
        """Whether the substrate offers `ability`."""
        return ability in self.substrate.abilities

    def image(self, name: str) -> str:
        """repository:tag@sha256:... of the catalogue's image; LockMissingError without a digest."""
        reference = self.catalog.images[name].reference
        for image in self.lock.images if self.lock is not None else ():
            if image.reference == reference:
                return f"{reference}@{image.digest}"
        raise LockMissingError(
            f"platform.lock.yaml does not hold the image {reference}.",
            why="a cluster runs images by digest only, and the lock is where digests stand.",
            fix=("llmplat lock",),
        )
