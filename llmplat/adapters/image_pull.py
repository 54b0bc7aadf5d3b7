"""An image in a registry -> the model's files in a folder, every layer verified before it counts."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.disk_space import disk_full, is_disk_full, require_space
from llmplat.adapters.layer_begun import Begun, find_begun, layer_chunks, part_of
from llmplat.domain.errors import DownloadError, InputError, PreconditionError
from llmplat.domain.oci import Descriptor, Digest
from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.registry import Registry
from llmplat.domain.units import format_size
from llmplat.pack.image import Image
from llmplat.pack.image_plan import FILE_ANNOTATION
from llmplat.pack.layer_reader import LayerFile, LayerRead, read_layer

_RECORD = ".llmplat-pull.json"
"""Which layers are there; kept, so that pulling again reads nothing."""
_BUFFER_BYTES = 1024 * 1024
_FIX = "free some space, or pull into a folder on a larger disk"


@dataclass(frozen=True)
class Pulled:
    """A model that was pulled, every byte as the image's digest says."""

    folder: Path
    reference: str
    digest: Digest
    files: tuple[LayerFile, ...]
    received_bytes: int
    """Of layers in this run."""


def pull_image(registry: Registry, image: Image, folder: Path, progress: Progress) -> Pulled:
    """Have the files of `image` in `folder`; what came in an earlier run, or half of it, stays.

    Raises:
        InputError: `folder` holds something else, or the image no model.
        DownloadError: a layer's bytes are not those of its digest; nothing of it is kept.
        PreconditionError: too little disk, or a folder that cannot be written.
        RegistryError: the registry cannot be read.
    """
    layers = _layers(image)
    record = _open_record(folder, image)
    missing = [layer for layer in layers if not _has(folder, record, layer)]
    begun_bytes = sum(part.stat().st_size for part in folder.rglob("*.part"))
    missing_bytes = sum(layer.size_bytes for layer in missing) - begun_bytes
    require_space(folder, max(0, missing_bytes), "the model", fix=_FIX)
    try:
        received = sum(_pull_layer(registry, one, folder, record, progress) for one in missing)
    except OSError as exc:
        raise _not_written(folder, exc) from exc
    files = [file for layer in layers for file in record[str(layer.digest)]]
    if not files:
        raise InputError(
            f"{image.reference} holds no model.",
            why="none of its layers has a file below models/",
            fix=("give an image that `llmplat package-model` made, or another modelcar",),
        )
    ordered = tuple(sorted(files, key=lambda file: file.path))
    return Pulled(folder, str(image.reference), image.top.digest, ordered, received)


def _layers(image: Image) -> tuple[Descriptor, ...]:
    """The layers of one platform: the model's are the same in each."""
    return tuple({layer.digest: layer for layer in image.platforms[0].layers}.values())


_Record = dict[str, list[LayerFile]]


def _pull_layer(
    registry: Registry, layer: Descriptor, folder: Path, record: _Record, progress: Progress
) -> int:
    """Have the files of `layer`; how many of its bytes came from the registry."""
    name = dict(layer.annotations).get(FILE_ANNOTATION, layer.digest.hex[:12])
    with progress.step(f"Pull {name}") as step:
        begun = find_begun(registry, layer, folder)
        read = _read(registry, layer, folder, begun, step)
        if begun is not None and not _is_same(layer, read):
            # What was there may be what is wrong: once more, from the first byte.
            begun = None
            read = _read(registry, layer, folder, begun, step)
        _require_same(layer, read, folder)
        for file in read.files:
            part = part_of(folder, file.path)
            part.chmod(0o644)
            part.replace(folder / file.path)
        record[str(layer.digest)] = list(read.files)
        _save(folder, record)
        step.detail(format_size(layer.size_bytes))
    return layer.size_bytes - (begun.kept_bytes if begun else 0)


def _read(
    registry: Registry, layer: Descriptor, folder: Path, begun: Begun | None, step: StepProgress
) -> LayerRead:
    done_bytes = 0

    def count(arrived: int) -> None:
        nonlocal done_bytes
        done_bytes += arrived
        step.advance(done_bytes, layer.size_bytes)

    def write(path: str, content: IO[bytes]) -> str:
        kept_bytes = begun.kept_bytes if begun is not None and begun.path == path else 0
        return _write(folder, path, content, kept_bytes)

    return read_layer(layer_chunks(registry, layer, begun), write, count)


def _write(folder: Path, path: str, content: IO[bytes], kept_bytes: int) -> str:
    """Write `content` to its part, whose first `kept_bytes` are there already; its hex digest."""
    part = part_of(folder, path)
    part.parent.mkdir(parents=True, exist_ok=True)
    if not part.parent.resolve().is_relative_to(folder.resolve()):
        msg = f"{path} leaves the folder"
        raise ValueError(msg)
    if not kept_bytes:
        part.unlink(missing_ok=True)
    digest, done_bytes = hashlib.sha256(), 0
    with part.open("r+b" if kept_bytes else "xb") as target:
        target.truncate(kept_bytes)
        target.seek(kept_bytes)
        while chunk := content.read(_BUFFER_BYTES):
            digest.update(chunk)
            target.write(chunk[max(0, kept_bytes - done_bytes) :])
            done_bytes += len(chunk)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _is_same(layer: Descriptor, read: LayerRead) -> bool:
    return read.digest == layer.digest and read.problem is None


def _require_same(layer: Descriptor, read: LayerRead, folder: Path) -> None:
    if _is_same(layer, read):
        return
    for file in read.files:
        part_of(folder, file.path).unlink(missing_ok=True)
    why = f"its bytes are those of {read.digest}" if read.digest != layer.digest else read.problem
    names = ", ".join(file.path for file in read.files[:3])
    raise DownloadError(
        f"hash mismatch: the layer {layer.digest} ({names}) is not what the image says.",
        why=f"{why}; nothing of it was kept",
        fix=(
            "run the command again: a broken connection or proxy may be the cause",
            "if it stays, push the image again",
        ),
    )


def _has(folder: Path, record: _Record, layer: Descriptor) -> bool:
    files = record.get(str(layer.digest))
    return files is not None and all(_size(folder / file.path) == file.size_bytes for file in files)


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _open_record(folder: Path, image: Image) -> _Record:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        has_others = any(entry.name != _RECORD for entry in folder.iterdir())
    except OSError as exc:
        raise _not_written(folder, exc) from exc
    try:
        document = json.loads((folder / _RECORD).read_bytes())
    except (OSError, ValueError):
        document = {}
    if document.get("image") != str(image.top.digest):
        if has_others:
            raise InputError(
                f"The folder {folder} is not empty.",
                why=f"it holds {document.get('image') or 'files that were not pulled'}",
                fix=("give an empty or a new folder",),
            )
        document = {"image": str(image.top.digest), "layers": {}}
        _write_record(folder, document)
    return {
        digest: [LayerFile(*file) for file in files] for digest, files in document["layers"].items()
    }


def _save(folder: Path, record: _Record) -> None:
    document = json.loads((folder / _RECORD).read_bytes())
    document["layers"] = {
        digest: [[file.path, file.size_bytes, file.sha256] for file in files]
        for digest, files in record.items()
    }
    _write_record(folder, document)


def _write_record(folder: Path, document: Mapping[str, object]) -> None:
    try:
        write_whole(folder / _RECORD, json.dumps(document, sort_keys=True).encode(), 0o644)
    except OSError as exc:
        raise _not_written(folder, exc) from exc


def _not_written(folder: Path, error: OSError) -> PreconditionError:
    if is_disk_full(error):
        return disk_full("the model", f"the disk of {folder} filled up while it was written", _FIX)
    return PreconditionError(
        f"The model cannot be written to {folder}.",
        why=str(error.strerror or error),
        fix=(f"ls -ld {folder.parent}", "or name another folder"),
    )
