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
from llmplat.domain.errors import DownloadError, InputError, PreconditionError
from llmplat.domain.oci import Descriptor, Digest
from llmplat.domain.ports import Progress
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
    """Have the files of `image` in `folder`; layers that came whole in an earlier run stay.

    Raises:
        InputError: `folder` holds something else, or the image no model.
        DownloadError: a layer's bytes are not those of its digest; nothing of it is kept.
        PreconditionError: too little disk, or a folder that cannot be written.
        RegistryError: the registry cannot be read.
    """
    layers = _layers(image)
    record = _open_record(folder, image)
    missing = [layer for layer in layers if not _has(folder, record, layer)]
    require_space(folder, sum(layer.size_bytes for layer in missing), "the model", fix=_FIX)
    try:
        for layer in missing:
            _pull_layer(registry, layer, folder, record, progress)
    except OSError as exc:
        raise _not_written(folder, exc) from exc
    files = [file for layer in layers for file in record[str(layer.digest)]]
    if not files:
        raise InputError(
            f"{image.reference} holds no model.",
            why="none of its layers has a file below models/",
            fix=("give an image that `llmplat package-model` made, or another modelcar",),
        )
    received = sum(layer.size_bytes for layer in missing)
    ordered = tuple(sorted(files, key=lambda file: file.path))
    return Pulled(folder, str(image.reference), image.top.digest, ordered, received)


def _layers(image: Image) -> tuple[Descriptor, ...]:
    """The layers of one platform: the model's are the same in each."""
    return tuple({layer.digest: layer for layer in image.platforms[0].layers}.values())


_Record = dict[str, list[LayerFile]]


def _pull_layer(
    registry: Registry, layer: Descriptor, folder: Path, record: _Record, progress: Progress
) -> None:
    name = dict(layer.annotations).get(FILE_ANNOTATION, layer.digest.hex[:12])
    with progress.step(f"Pull {name}") as step:
        done_bytes = 0

        def count(arrived: int) -> None:
            nonlocal done_bytes
            done_bytes += arrived
            step.advance(done_bytes, layer.size_bytes)

        read = read_layer(
            registry, layer, lambda path, content: _write(folder, path, content), count
        )
        _require_same(layer, read, folder)
        for file in read.files:
            part = _part(folder, file.path)
            part.chmod(0o644)
            part.replace(folder / file.path)
        record[str(layer.digest)] = list(read.files)
        _save(folder, record)
        step.detail(format_size(layer.size_bytes))


def _write(folder: Path, path: str, content: IO[bytes]) -> str:
    part = _part(folder, path)
    part.parent.mkdir(parents=True, exist_ok=True)
    if not part.parent.resolve().is_relative_to(folder.resolve()):
        msg = f"{path} leaves the folder"
        raise ValueError(msg)
    part.unlink(missing_ok=True)
    digest = hashlib.sha256()
    with part.open("xb") as target:
        while chunk := content.read(_BUFFER_BYTES):
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _require_same(layer: Descriptor, read: LayerRead, folder: Path) -> None:
    if read.digest == layer.digest and read.problem is None:
        return
    for file in read.files:
        _part(folder, file.path).unlink(missing_ok=True)
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


def _part(folder: Path, path: str) -> Path:
    return folder / f"{path}.part"


def _not_written(folder: Path, error: OSError) -> PreconditionError:
    if is_disk_full(error):
        return disk_full("the model", f"the disk of {folder} filled up while it was written", _FIX)
    return PreconditionError(
        f"The model cannot be written to {folder}.",
        why=str(error.strerror or error),
        fix=(f"ls -ld {folder.parent}", "or name another folder"),
    )
