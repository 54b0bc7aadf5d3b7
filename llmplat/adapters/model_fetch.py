"""Pinned files of a source -> verified, read-only files in a folder, each taken up where it was cut off."""

import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from llmplat.adapters.disk_space import disk_full, is_disk_full
from llmplat.domain.errors import DownloadError, PreconditionError
from llmplat.domain.model_record import PinnedFile
from llmplat.domain.ports import ModelSource, StepProgress

_CHUNK_BYTES = 4 * 1024 * 1024


def missing_bytes(folder: Path, files: Sequence[PinnedFile]) -> int:
    """Bytes still to be written under `folder` for `files`."""
    return sum(max(0, file.size_bytes - _have_bytes(folder, file)) for file in files)


def fetch_files(
    reader: ModelSource, files: Sequence[PinnedFile], folder: Path, step: StepProgress
) -> None:
    """Have every one of `files` under `folder`, its size and hash checked.

    A file under its own name is done and verified; one that ends in `.part` is being written.

    Raises:
        DownloadError: the source broke off, or sent other bytes than pinned (set aside, named).
        PreconditionError: the disk is full.
    """
    total_bytes = sum(file.size_bytes for file in files)
    done_bytes = 0
    try:
        for file in files:
            _fetch_one(reader, file, folder, _Counter(step, done_bytes, total_bytes))
            done_bytes += file.size_bytes
            step.advance(done_bytes, total_bytes)
    except OSError as exc:
        raise _not_written(folder, exc) from exc


class _Counter:
    """Bytes of one file -> how far the whole is."""

    def __init__(self, step: StepProgress, done_bytes: int, total_bytes: int) -> None:
        self._step = step
        self._done_bytes = done_bytes
        self._total_bytes = total_bytes

    def add(self, count: int) -> None:
        self._done_bytes += count
        self._step.advance(self._done_bytes, self._total_bytes)


def _fetch_one(reader: ModelSource, file: PinnedFile, folder: Path, counter: _Counter) -> None:
    path = folder / file.path
    if path.is_file() and path.stat().st_size == file.size_bytes:
        return
    part = _part(path)
    part.parent.mkdir(parents=True, exist_ok=True)
    was_begun = part.exists()
    actual = _complete(reader, file, part, counter)
    if actual != file.sha256 and was_begun:
        # The old part may be what is wrong: once more, from the first byte.
        part.unlink()
        actual = _complete(reader, file, part, counter)
    if actual != file.sha256:
        raise _mismatch(file, actual, _set_aside(part, folder))
    part.chmod(0o444)
    part.replace(path)


def _complete(reader: ModelSource, file: PinnedFile, part: Path, counter: _Counter) -> str:
    """Fetch what `part` lacks, flush it to the disk and say its hash."""
    if part.exists() and part.stat().st_size > file.size_bytes:
        part.unlink()
    digest = hashlib.sha256()
    with part.open("a+b") as target:
        target.seek(0)
        while chunk := target.read(_CHUNK_BYTES):
            digest.update(chunk)
            counter.add(len(chunk))
        for chunk in reader.stream(file.path, target.tell()):
            target.write(chunk)
            digest.update(chunk)
            counter.add(len(chunk))
        target.flush()
        os.fsync(target.fileno())
        size_bytes = target.tell()
    if size_bytes < file.size_bytes:
        raise DownloadError(
            f"{file.path} ended early.",
            why=f"{size_bytes} of {file.size_bytes} bytes came",
            fix=("run the command again: what was fetched is kept",),
        )
    return digest.hexdigest()


def _set_aside(part: Path, folder: Path) -> Path:
    aside = folder.parent / "set-aside"
    aside.mkdir(parents=True, exist_ok=True)
    return part.replace(aside / f"{part.stem}.{secrets.token_hex(4)}")


def _mismatch(file: PinnedFile, actual: str, aside: Path) -> DownloadError:
    return DownloadError(
        f"hash mismatch: {file.path} is not the file that is pinned.",
        why=f"expected sha256 {file.sha256} ({file.size_bytes} bytes), got {actual}; "
        f"what came is kept at {aside}",
        fix=(
            "llmplat lock",
            "or, if the publisher changed nothing, look for a broken cache or proxy on the way",
        ),
    )


def _not_written(folder: Path, error: OSError) -> PreconditionError:
    if is_disk_full(error):
        why = f"the disk of {folder} filled up while the model was written ({error.strerror})"
        fix = (
            "free some space, or set LLMPLAT_CACHE_HOME to a larger disk; what was fetched is kept"
        )
        return disk_full("the model", why, fix)
    return PreconditionError(
        f"The model cannot be written to {folder}.",
        why=str(error.strerror or error),
        fix=("set LLMPLAT_CACHE_HOME to a folder you can write",),
    )


def _have_bytes(folder: Path, file: PinnedFile) -> int:
    path = folder / file.path
    for place in (path, _part(path)):
        if place.exists():
            return place.stat().st_size
    return 0


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
