"""An image in a registry -> the model's files in it, listed and read by ranges, nothing pulled.

Small layers are read whole and their digests checked. Of a large one only the tar headers are
read, so what is said of its files is the registry's word until they are pulled and verified.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from llmplat.domain.errors import InputError
from llmplat.domain.oci import LAYER_TAR, Descriptor
from llmplat.domain.registry import Registry
from llmplat.domain.units import MIB
from llmplat.pack.image import Image, fetch_whole
from llmplat.pack.layer_reader import model_path

_MOST_WHOLE_BYTES = 64 * MIB
"""A layer up to this size is read whole: config, tokenizer and the like lie in one together."""
_HEAD_BYTES = 64 * 1024
_AT_ONCE = 8


@dataclass(frozen=True)
class ImageFile:
    """One file of the model, where it lies in its layer."""

    path: str
    size_bytes: int
    sha256: str | None
    """Hex digest of a file that was read whole."""
    layer: Descriptor
    start: int
    """Its first byte in the layer."""
    content: bytes | None = None


def list_image_files(registry: Registry, image: Image) -> tuple[ImageFile, ...] | None:
    """The files below models/ of `image`, by path; None when a large layer is compressed.

    Raises:
        InputError: a layer's tar cannot be read.
        RegistryError: the registry cannot be read, or a small layer is not what its digest says.
    """
    layers = tuple({one.digest: one for one in image.platforms[0].layers}.values())
    if any(one.size_bytes > _MOST_WHOLE_BYTES and one.media_type != LAYER_TAR for one in layers):
        return None
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = [
            file for files in pool.map(lambda one: _list(registry, one), layers) for file in files
        ]
    # What a later layer has takes the place of what an earlier one had.
    return tuple(sorted({file.path: file for file in found}.values(), key=lambda file: file.path))


def read_image_file(registry: Registry, file: ImageFile, start: int, length: int) -> bytes:
    """`length` bytes of `file` from `start` (fewer at its end); raises RegistryError."""
    if file.content is not None:
        return file.content[start : start + length]
    length = min(length, file.size_bytes - start)
    return registry.read_blob(file.layer.digest, file.start + start, length) if length > 0 else b""


def _list(registry: Registry, layer: Descriptor) -> tuple[ImageFile, ...]:
    try:
        if layer.size_bytes <= _MOST_WHOLE_BYTES:
            content = io.BytesIO(fetch_whole(registry, layer, _MOST_WHOLE_BYTES))
            with tarfile.open(fileobj=content, mode="r:*") as tar:
                return tuple(_whole_files(tar, layer))
        blob = io.BufferedReader(_Ranges(registry, layer), _HEAD_BYTES)
        with tarfile.open(fileobj=blob, mode="r:") as tar:
            return tuple(_files(tar, layer))
    except (tarfile.TarError, EOFError, ValueError) as exc:
        raise InputError(
            f"The layer {layer.digest} of {registry.name} is no part of a model.",
            why=f"its tar cannot be read: {exc}",
            fix=("give an image that `llmplat package-model` made, or another modelcar",),
        ) from exc


def _whole_files(tar: tarfile.TarFile, layer: Descriptor) -> Iterator[ImageFile]:
    for member in tar:
        path = model_path(member)
        if path is not None and (file := tar.extractfile(member)) is not None:
            content = file.read()
            digest = hashlib.sha256(content).hexdigest()
            yield ImageFile(path, member.size, digest, layer, member.offset_data, content)


def _files(tar: tarfile.TarFile, layer: Descriptor) -> Iterator[ImageFile]:
    for member in tar:
        path = model_path(member)
        if path is not None:
            yield ImageFile(path, member.size, None, layer, member.offset_data)


class _Ranges(io.RawIOBase):
    """A blob to seek in; each read is one request."""

    def __init__(self, registry: Registry, layer: Descriptor) -> None:
        self._registry = registry
        self._layer = layer
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._layer.size_bytes}
        self._at = base[whence] + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader gives this
        length = min(len(buffer), self._layer.size_bytes - self._at)
        if length <= 0:
            return 0
        content = self._registry.read_blob(self._layer.digest, self._at, length)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
