"""A model's files and a registry -> an image there, named by its digest; the tag comes last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from llmplat.domain.oci import Descriptor, Digest, Manifest
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Member, Registry


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
    """What the model's layers are put upon; one per platform of the base."""

    registry: Registry
    manifests: tuple[Manifest, ...]
    platforms: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True)
class PackRequest:
    """All that decides the bytes of the image."""

    files: tuple[PackFile, ...]
    base: BaseImage | None = None
    """None: scratch."""
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

    digest: Digest
    """Of the image manifest, or of the index when the base has several platforms."""
    media_type: str
    layers: tuple[PackedLayer, ...]
    """The model's own, in order."""
    manifests: tuple[Descriptor, ...]
    """The image manifests, one per platform."""
    sent_bytes: int
    took_s: float


Attach = Callable[[PackReport], None]
"""Called when the image is complete and before the tag: signs, describes, attaches."""


def package(
    request: PackRequest,
    registry: Registry,
    tag: str | None,
    progress: Progress,
    attach: Attach = lambda _report: None,
) -> PackReport:
    """Put the model into `registry` and say its digest.

    Raises:
        InputError: no files, no weights, names or sizes that readers do not take, a file that
            changed while it was read.
        RegistryError: the registry refused or broke off; run again to go on.
    """
    raise NotImplementedError
