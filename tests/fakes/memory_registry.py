"""A registry in memory (a Registry): what the stages ask of one, with ways to tamper with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from llmplat.domain.errors import RegistryError
from llmplat.domain.oci import Descriptor, Digest, Manifest
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Blob, Pushed

_CHUNK_BYTES = 1000


@dataclass
class MemoryRegistry:
    """One repository; `blobs` and `manifests` may be changed behind its back."""

    name: str = "registry.test:5000/team/model"
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    manifests: dict[Digest, Manifest] = field(default_factory=dict)
    tags: dict[str, Digest] = field(default_factory=dict)
    streams: list[tuple[Digest, int]] = field(default_factory=list)
    """(blob, first byte) of every stream, in order."""

    def try_push(self) -> None:
        """Always welcome."""

    def push_blobs(self, blobs: Sequence[Blob], progress: Progress) -> tuple[Pushed, ...]:
        return tuple(self._push(blob) for blob in blobs)

    def _push(self, blob: Blob) -> Pushed:
        content = b"".join(
            piece if isinstance(piece, bytes) else b"".join(piece.stream()) for piece in blob.pieces
        )
        digest = Digest.of(content)
        sent = 0 if digest in self.blobs else len(content)
        self.blobs[digest] = content
        made = Descriptor(blob.media_type, digest, len(content), blob.annotations)
        return Pushed(made, sent)

    def push_manifest(self, manifest: Manifest, tag: str | None = None) -> Descriptor:
        self.manifests[manifest.digest] = manifest
        if tag is not None:
            self.tags[tag] = manifest.digest
        return manifest.descriptor

    def find_manifest(self, tag_or_digest: str) -> Manifest | None:
        digest = self.find_digest(tag_or_digest)
        return None if digest is None else self.manifests[digest]

    def find_digest(self, tag_or_digest: str) -> Digest | None:
        if not tag_or_digest.startswith("sha256:"):
            return self.tags.get(tag_or_digest)
        digest = Digest.parse(tag_or_digest)
        return digest if digest in self.manifests else None

    def has_blob(self, digest: Digest) -> int | None:
        return len(self.blobs[digest]) if digest in self.blobs else None

    def stream_blob(self, digest: Digest, start: int = 0) -> Iterator[bytes]:
        self.streams.append((digest, start))
        if digest not in self.blobs:
            raise RegistryError(f"There is no blob {digest}.", why="it was not found")
        content = self.blobs[digest]
        for at in range(start, len(content), _CHUNK_BYTES):
            yield content[at : at + _CHUNK_BYTES]

    def read_blob(self, digest: Digest, start: int, length: int) -> bytes:
        if digest not in self.blobs:
            raise RegistryError(f"There is no blob {digest}.", why="it was not found")
        return self.blobs[digest][start : start + length]

    def referrers(self, digest: Digest) -> tuple[Descriptor, ...]:
        found = []
        for manifest in self.manifests.values():
            if _subject(manifest) == str(digest):
                described = manifest.descriptor.document()
                described["artifactType"] = manifest.document.get("artifactType")
                found.append(Descriptor.parse(described))
        return tuple(sorted(found, key=lambda one: one.digest))

    def attach(self, manifest: Manifest, subject: Digest) -> Descriptor:
        return self.push_manifest(manifest)


def _subject(manifest: Manifest) -> object:
    """What the manifest is attached to; None where it does not say, or not so that a registry sees it."""
    try:
        subject = manifest.document.get("subject")
    except ValueError:
        return None
    return subject.get("digest") if isinstance(subject, dict) else None
