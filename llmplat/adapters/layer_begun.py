"""A layer that an earlier run has begun to pull -> its bytes: those on the disk, then the registry's.

What is on the disk is hashed with the rest: the layer's digest decides, as for every other byte.
"""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from llmplat.domain.oci import LAYER_TAR, Descriptor
from llmplat.domain.registry import Registry
from llmplat.pack.layer_reader import model_path

_HEAD_BYTES = 64 * 1024
"""Has the first file's header, unless hundreds of folders come before it."""
_CHUNK_BYTES = 1024 * 1024
_LEAST_BYTES = _CHUNK_BYTES
"""Less is pulled again sooner than it is looked for."""


@dataclass(frozen=True)
class Begun:
    """The first file of a layer, half of it there."""

    path: str
    part: Path
    kept_bytes: int
    """Of the file, from its beginning."""
    head: bytes
    """The layer before that file."""


def part_of(folder: Path, path: str) -> Path:
    """Where the file `path` of a model is until its layer is whole."""
    return folder / f"{path}.part"


def find_begun(registry: Registry, layer: Descriptor, folder: Path) -> Begun | None:
    """What `folder` has of `layer`; None when that is nothing, or nothing that can be continued.

    Raises RegistryError when the registry cannot be read.
    """
    if layer.media_type != LAYER_TAR or not any(_large_parts(folder)):
        return None
    head = registry.read_blob(layer.digest, 0, min(_HEAD_BYTES, layer.size_bytes))
    first = _first_file(head)
    if first is None:
        return None
    path, starts, size_bytes = first
    part = part_of(folder, path)
    if part not in set(_large_parts(folder)):
        return None
    # One byte at least is asked for: a range of none is an error.
    kept_bytes = min(part.stat().st_size, size_bytes, layer.size_bytes - starts - 1)
    return Begun(path, part, kept_bytes, head[:starts])


def layer_chunks(registry: Registry, layer: Descriptor, begun: Begun | None) -> Iterator[bytes]:
    """All bytes of `layer`, those that are `begun` from the disk."""
    if begun is None:
        return registry.stream_blob(layer.digest)
    rest = registry.stream_blob(layer.digest, len(begun.head) + begun.kept_bytes)
    return chain((begun.head,), _read(begun), rest)


def _read(begun: Begun) -> Iterator[bytes]:
    left = begun.kept_bytes
    with begun.part.open("rb") as file:
        while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk


def _large_parts(folder: Path) -> Iterator[Path]:
    return (part for part in folder.rglob("*.part") if part.stat().st_size >= _LEAST_BYTES)


def _first_file(head: bytes) -> tuple[str, int, int] | None:
    """Path, first byte and size of the first file of the model that begins in `head`."""
    try:
        with tarfile.open(fileobj=io.BytesIO(head), mode="r:") as tar:
            while member := tar.next():
                path = model_path(member)
                if path is not None:
                    return None if member.issparse() else (path, member.offset_data, member.size)
    except (tarfile.TarError, ValueError, EOFError):
        pass
    return None
