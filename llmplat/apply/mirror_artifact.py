"""Whatever a name in a registry stands for -> the same elsewhere: every platform, every byte, by digest."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmplat.domain.copying import copied_blob
from llmplat.domain.errors import InputError, RegistryError
from llmplat.domain.oci import Descriptor, Digest, Manifest
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Registry

_MOST_DEEP = 4
"""An index of indexes is as deep as it gets in practice."""


@dataclass(frozen=True)
class Artifact:
    """A manifest and all below it: manifests in the order in which a registry takes them."""

    top: Manifest
    below: tuple[Manifest, ...]
    blobs: tuple[Descriptor, ...]
    """Each once; those that others host and nobody may pass on are left out."""

    @property
    def size_bytes(self) -> int:
        """Of all blobs and manifests."""
        manifests = sum(len(one.content) for one in (self.top, *self.below))
        return manifests + sum(blob.size_bytes for blob in self.blobs)


def read_artifact(source: Registry, name: str) -> Artifact:
    """What `name` (a tag or a digest) stands for in `source`.

    Raises InputError where there is none, RegistryError where a part of it is missing or broken.
    """
    top = source.find_manifest(name)
    if top is None:
        raise InputError(
            f"{source.name} has nothing named {name}.",
            why="its registry was asked and says so",
            fix=("check the name and the account for that registry",),
        )
    below: list[Manifest] = []
    try:
        blobs = {blob.digest: blob for blob in _walk(source, top, below, 0)}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _broken(source, top.digest, f"its manifest cannot be read ({error!r})") from error
    return Artifact(top, tuple(below), tuple(blobs.values()))


def copy_artifact(
    source: Registry, artifact: Artifact, target: Registry, tag: str | None, progress: Progress
) -> int:
    """Have `artifact` in `target` under the same digest, named `tag`; bytes that were sent.

    The name comes last, so that nothing half-done is ever found by it. Signatures and documents
    attached to it come along.
    """
    blobs = [copied_blob(source, blob) for blob in artifact.blobs]
    sent = sum(one.sent_bytes for one in target.push_blobs(blobs, progress))
    for manifest in artifact.below:
        target.push_manifest(manifest)
    sent += _copy_attached(source, artifact.top.digest, target, progress)
    target.push_manifest(artifact.top, tag)
    return sent


def _copy_attached(source: Registry, digest: Digest, target: Registry, progress: Progress) -> int:
    sent = 0
    for entry in source.referrers(digest):
        attached = source.find_manifest(str(entry.digest))
        if attached is not None:
            blobs = [copied_blob(source, blob) for blob in _parts(attached.document)]
            sent += sum(one.sent_bytes for one in target.push_blobs(blobs, progress))
            target.attach(attached, digest)
    return sent


def missing_of(target: Registry, artifact: Artifact) -> tuple[Descriptor, ...]:
    """The blobs and manifests below `artifact` that `target` lacks or has in another size."""
    manifests = [one.descriptor for one in artifact.below]
    lost = [one for one in manifests if target.find_digest(str(one.digest)) is None]
    return (*lost, *(b for b in artifact.blobs if target.has_blob(b.digest) != b.size_bytes))


def _walk(
    source: Registry, manifest: Manifest, below: list[Manifest], depth: int
) -> Iterator[Descriptor]:
    document = manifest.document
    if "manifests" not in document:
        yield from _parts(document)
        return
    if depth == _MOST_DEEP:
        raise _broken(source, manifest.digest, "its indexes do not end")
    for one in document["manifests"]:
        entry = Descriptor.parse(one)
        found = source.find_manifest(str(entry.digest))
        if found is None:
            raise _broken(source, entry.digest, "the index names it, and it is not there")
        yield from _walk(source, found, below, depth + 1)
        below.append(found)


def _parts(document: dict[str, Any]) -> Iterator[Descriptor]:
    """Config and layers, but not layers that only their maker may host."""
    for part in (document["config"], *document.get("layers", ())):
        if "foreign" not in part["mediaType"] and "nondistributable" not in part["mediaType"]:
            yield Descriptor.parse(part)


def _broken(source: Registry, digest: Digest, why: str) -> RegistryError:
    return RegistryError(
        f"{digest} of {source.name} cannot be copied.", why=why, fix=("run the command again",)
    )
