"""What is said of an image: where its model came from and which file lies in which layer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from llmplat.domain.oci import Descriptor, Digest


@dataclass(frozen=True)
class About:
    """What is known of a model beside its bytes."""

    repository: str
    """registry/repository of the image."""
    source: str | None = None
    """hf://org/name, demo://name or oci://...; None for a folder: its path says nothing elsewhere."""
    revision: str | None = None
    """What pins the source: a commit, a package version, a digest."""
    licence: str | None = None
    """SPDX name as the publisher states it."""
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Facts of config.json under its own names."""
    are_hashes_computed: bool = False
    """The files' own hashes were computed from their bytes; else the source claims them."""
    base: str | None = None
    """registry/repository@digest of the image below, None for scratch."""

    @property
    def name(self) -> str:
        """Last part of the repository: what people call the model."""
        return self.repository.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class DescribedFile:
    """One file of the model in the image."""

    path: str
    """Below models/."""
    size_bytes: int
    sha256: str | None
    """Hex digest of the file itself; None where nobody states it."""
    layer: Digest


@dataclass(frozen=True)
class Described:
    """An image whose every model layer and file is known."""

    about: About
    digest: Digest
    """Of the image manifest or index."""
    layers: tuple[Descriptor, ...]
    """The model's own, in order, without those of the base."""
    files: tuple[DescribedFile, ...]
