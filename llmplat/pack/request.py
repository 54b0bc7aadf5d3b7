"""What is asked of packaging and what it says when it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from llmplat.domain.oci import Descriptor, Digest, Manifest
from llmplat.domain.registry import Member, Registry

Platform = tuple[tuple[str, str], ...]
"""(("architecture", "amd64"), ("os", "linux")): sorted pairs of an index entry's platform."""
LINUX_AMD64: Platform = (("architecture", "amd64"), ("os", "linux"))
LINUX_ARM64: Platform = (("architecture", "arm64"), ("os", "linux"))


@dataclass(frozen=True)
class PackFile:
    """One file of the model that goes into the image."""

    path: str
    """Below models/, with forward slashes."""
    member: Member
    sha256: str | None = None
    """Hex digest of the file itself where the source claims it or it was computed."""
    key: str = ""
    """Identity of the content: a digest, or place, inode, size and times; "" = unknown."""


@dataclass(frozen=True)
class BaseImage:
    """What the model's layers are put upon."""

    registry: Registry
    """Where its blobs are read from."""
    manifests: tuple[Manifest, ...]
    """One image manifest per platform."""


@dataclass(frozen=True)
class PackRequest:
    """All that decides the bytes of the image."""

    files: tuple[PackFile, ...]
    source: str
    """For people: what is packaged."""
    base: BaseImage | None = None
    """None: scratch."""
    platforms: tuple[Platform, ...] = (LINUX_AMD64,)
    """Of an image on scratch; more than one gives an index. A base brings its own."""
    annotations: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Of the image manifest: source, revision, licence."""
    allow_pickle: bool = False


@dataclass(frozen=True)
class PackedLayer:
    """One layer of the model and the files inside it."""

    descriptor: Descriptor
    files: tuple[PackFile, ...]
    sent_bytes: int


@dataclass(frozen=True)
class PackReport:
    """The image as the registry has it."""

    image: Descriptor
    """The image manifest, or the index when there are several platforms."""
    layers: tuple[PackedLayer, ...]
    """The model's own, in order."""
    manifests: tuple[Descriptor, ...]
    """The image manifests, one per platform."""
    left_out: tuple[str, ...]
    """Paths that did not go in."""
    sent_bytes: int
    took_s: float

    @property
    def digest(self) -> Digest:
        """What pins the image."""
        return self.image.digest
