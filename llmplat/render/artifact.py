"""Files -> an OCI artifact that Argo CD can follow, the same bytes wherever it is made."""

import binascii
import struct
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmplat.domain.manifest import Manifest as File
from llmplat.domain.oci import EMPTY, MANIFEST, Descriptor, Digest, Manifest, canonical_json

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = b"{}"
_BLOCK = 65_535
"""Most bytes of one stored block of deflate."""
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Deflate, no flags, no time, unknown system."""


@dataclass(frozen=True)
class Artifact:
    """One Application's objects as an OCI image with exactly one layer."""

    name: str
    manifest: Manifest
    layer: bytes

    @property
    def digest(self) -> Digest:
        """What the Application follows."""
        return self.manifest.digest


def make_artifact(name: str, files: Iterable[File]) -> Artifact:
    """`files` as an artifact; its digest depends on their paths and texts alone."""
    layer = gzip_stored(b"".join(_tar(files)))
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": Descriptor(EMPTY, Digest.of(CONFIG), len(CONFIG)).document(),
        "layers": [Descriptor(LAYER, Digest.of(layer), len(layer)).document()],
    }
    return Artifact(name, Manifest(MANIFEST, canonical_json(document)), layer)


def gzip_stored(content: bytes) -> bytes:
    """`content` as gzip without compression: no two versions of zlib can disagree about it."""
    blocks = [content[at : at + _BLOCK] for at in range(0, len(content), _BLOCK)] or [b""]
    body = b"".join(
        struct.pack("<BHH", at == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block
        for at, block in enumerate(blocks)
    )
    return _GZIP_HEADER + body + struct.pack("<II", binascii.crc32(content), len(content))


def _tar(files: Iterable[File]) -> Iterator[bytes]:
    for file in sorted(files, key=lambda one: one.path):
        content = file.content.encode()
        info = tarfile.TarInfo(file.path)
        info.size, info.mode = len(content), 0o644
        yield info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
        yield content + bytes(-len(content) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
