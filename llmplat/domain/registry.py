"""What packaging needs of a registry: blobs and manifests in, digests out; one port for all of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from llmplat.domain.oci import Descriptor, Digest, Manifest
from llmplat.domain.ports import Progress


class Member(Protocol):
    """One file whose bytes become part of a blob, wherever they are read from."""

    @property
    def size_bytes(self) -> int:
        """Its length when it was planned."""
        ...

    @property
    def local_file(self) -> str | None:
        """Its path on this machine, so that the kernel may move the bytes; None elsewhere."""
        ...

    def stream(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start`, in chunks; raises DownloadError."""
        ...

    def check(self) -> None:
        """Raise InputError when the file is another one than when it was planned."""
        ...


Piece = bytes | Member
"""Bytes made here (a tar header, padding) or those of a file."""


@dataclass(frozen=True)
class Blob:
    """Content for a registry, never held in memory as a whole."""

    name: str
    """For people: what is inside."""
    media_type: str
    pieces: tuple[Piece, ...]
    key: str = ""
    """Same key, same bytes, also in the next run: what the journal remembers it by; "" = not."""
    digest: Digest | None = None
    """Where it is known for certain; None: it is found while sending."""
    annotations: tuple[tuple[str, str], ...] = ()
    mount_from: tuple[str, ...] = ()
    """Repositories of the same registry that may have it."""

    @property
    def size_bytes(self) -> int:
        """Length of all pieces together."""
        return sum(piece_bytes(piece) for piece in self.pieces)


def piece_bytes(piece: Piece) -> int:
    """Length of one piece."""
    return len(piece) if isinstance(piece, bytes) else piece.size_bytes


@dataclass(frozen=True)
class Pushed:
    """One blob as the registry has it now."""

    descriptor: Descriptor
    sent_bytes: int
    """Body bytes of this run; 0 when it was there, or mounted."""


class Registry(Protocol):
    """A registry, or a folder in the OCI image layout; one repository of it."""

    @property
    def name(self) -> str:
        """registry/repository, for people."""
        ...

    def try_push(self) -> None:
        """Open and cancel an upload; raises RegistryError or PreconditionError with the cause."""
        ...

    def push_blobs(self, blobs: Sequence[Blob], progress: Progress) -> tuple[Pushed, ...]:
        """Have every blob there, in the order given; nothing is named by a tag yet.

        Raises:
            RegistryError: refused, or gave up; what was sent is kept for the next run.
            InputError: a file changed while it was read.
        """
        ...

    def push_manifest(self, manifest: Manifest, tag: str | None = None) -> Descriptor:
        """Store `manifest` by its digest, or name it `tag`; what came back is compared."""
        ...

    def find_manifest(self, tag_or_digest: str) -> Manifest | None:
        """The manifest, its digest checked; None when there is none."""
        ...

    def find_digest(self, tag_or_digest: str) -> Digest | None:
        """Of the manifest of that name, by HEAD; None when there is none."""
        ...

    def has_blob(self, digest: Digest) -> int | None:
        """Its size; None when the repository does not have it."""
        ...

    def stream_blob(self, digest: Digest, start: int = 0) -> Iterator[bytes]:
        """The bytes of a blob from `start`, in chunks, not checked; raises RegistryError."""
        ...

    def read_blob(self, digest: Digest, start: int, length: int) -> bytes:
        """`length` bytes of a blob from `start` (fewer at its end), not checked."""
        ...

    def referrers(self, digest: Digest) -> tuple[Descriptor, ...]:
        """What is attached to `digest`: by the API, else by the fallback tag."""
        ...

    def attach(self, manifest: Manifest, subject: Digest) -> Descriptor:
        """Store a manifest that names `subject`, and the fallback tag where the API is missing."""
        ...
