"""A layer in a registry -> the model's files inside it, read once, every byte hashed on the way."""

import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, cast

from llmplat.domain.oci import Digest
from llmplat.pack.tar_layout import ROOT

_BUFFER_BYTES = 1024 * 1024

OnBytes = Callable[[int], None]


@dataclass(frozen=True)
class LayerFile:
    """One file of the model as the layer has it."""

    path: str
    """Below models/."""
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class LayerRead:
    """What a layer really holds."""

    digest: Digest
    """Of the bytes that came."""
    size_bytes: int
    files: tuple[LayerFile, ...]
    problem: str | None
    """Why the tar could not be read to its end, or holds what a model may not."""


Sink = Callable[[str, IO[bytes]], str]
"""Given a path below models/ and its content; gives the hex digest of what it read."""


def hash_content(_path: str, content: IO[bytes]) -> str:
    """A Sink that keeps nothing."""
    digest = hashlib.sha256()
    while chunk := content.read(_BUFFER_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def read_layer(
    chunks: Iterator[bytes],
    sink: Sink = hash_content,
    on_bytes: OnBytes = lambda _count: None,
) -> LayerRead:
    """Read a layer to its end, whatever is in it, and give every file of the model to `sink`.

    What `sink` was given may be used only when `digest` is the layer's own.

    Raises:
        RegistryError: of `chunks`: the blob is missing or breaks off for good.
    """
    source = _Hashed(chunks, on_bytes)
    files: list[LayerFile] = []
    problem = None
    try:
        with tarfile.open(
            fileobj=cast("IO[bytes]", source), mode="r|*", bufsize=_BUFFER_BYTES
        ) as tar:
            for member in tar:
                _take(tar, member, sink, files)
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as exc:
        problem = f"its tar cannot be read: {exc}" if not isinstance(exc, ValueError) else str(exc)
    source.drain()
    return LayerRead(Digest(source.hex), source.size_bytes, tuple(files), problem)


class _Hashed:
    """Chunks as a file to read from, hashed on the way."""

    def __init__(self, chunks: Iterator[bytes], on_bytes: OnBytes) -> None:
        self._chunks = chunks
        self._on_bytes = on_bytes
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    @property
    def hex(self) -> str:
        return self._digest.hexdigest()

    def read(self, _size: int = -1) -> bytes:
        # A chunk as it comes: tarfile's stream reader puts them together.
        chunk = next(self._chunks, b"")
        self._digest.update(chunk)
        self.size_bytes += len(chunk)
        self._on_bytes(len(chunk))
        return chunk

    def drain(self) -> None:
        while self.read():
            pass


def model_path(member: tarfile.TarInfo) -> str | None:
    """Its path below models/; None when it is no part of the model. ValueError for what may not be."""
    name = member.name.removeprefix("./").lstrip("/")
    if member.isdir() or not name.startswith(f"{ROOT}/"):
        return None
    if not member.isfile() or ".." in name.split("/"):
        msg = f"{name} is no plain file inside {ROOT}/"
        raise ValueError(msg)
    return name.removeprefix(f"{ROOT}/")


def _take(
    tar: tarfile.TarFile, member: tarfile.TarInfo, sink: Sink, files: list[LayerFile]
) -> None:
    path = model_path(member)
    if path is None:
        return
    content = tar.extractfile(member)
    if content is None:
        msg = f"{path} has no content"
        raise ValueError(msg)
    files.append(LayerFile(path, member.size, sink(path, content)))
