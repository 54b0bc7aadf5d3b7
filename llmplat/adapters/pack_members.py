"""A model's source -> the files that packaging reads: local ones by path, others as a stream."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llmplat.domain.errors import InputError
from llmplat.domain.ports import ModelSource
from llmplat.pack.request import PackFile

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class LocalMember:
    """A file on this machine, as it was when it was listed (a Member)."""

    local_file: str
    size_bytes: int
    stamp: tuple[int, ...]
    """Device, inode, size, time of change of content and of the inode."""

    def stream(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start`."""
        with Path(self.local_file).open("rb") as file:
            file.seek(start)
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def check(self) -> None:
        """Raise InputError when it was written to, replaced or taken away since."""
        try:
            now = stamp_of(os.stat(self.local_file))  # noqa: PTH116 (follows links, as reading does)
        except OSError:
            now = ()
        if now != self.stamp:
            raise InputError(
                f"{self.local_file} changed while it was packaged.",
                why="it is gone" if not now else "its size, time or inode is another one",
                fix=("wait until it is written, then run the same command again",),
            )


@dataclass(frozen=True)
class SourceMember:
    """A file of a model source that is read over the network (a Member)."""

    source: ModelSource
    path: str
    size_bytes: int
    local_file: str | None = None

    def stream(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start`; raises DownloadError."""
        return self.source.stream(self.path, start)

    def check(self) -> None:
        """Nothing to do: the revision pins it."""


def list_folder(root: Path) -> tuple[PackFile, ...]:
    """The files under `root`, hidden ones left out; links are followed (a hub cache is all links).

    Raises:
        InputError: no such folder, a broken link, a loop, a file that cannot be read.
    """
    if not root.is_dir():
        raise InputError(
            f"There is no model folder {root}.",
            why="it is a file" if root.exists() else "nothing is there",
            fix=("give the folder that holds config.json",),
        )
    found = [_local_file(root, path) for path in _walk(root, frozenset())]
    return tuple(sorted(found, key=lambda file: file.path))


def list_source(source: ModelSource) -> tuple[PackFile, ...]:
    """The files of a source at its pinned revision, hidden ones left out."""
    return tuple(
        PackFile(
            file.path,
            SourceMember(source, file.path, file.size_bytes),
            file.sha256,
            f"{source.revision}/{file.path}",
        )
        for file in source.list()
        if not any(part.startswith(".") for part in file.path.split("/"))
    )


def stamp_of(found: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is written to or replaced."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _walk(folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    found = folder.stat()
    here = (found.st_dev, found.st_ino)
    if here in above:
        raise _unreadable(folder, "it is a link to a folder that holds it")
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as exc:
        raise _unreadable(folder, exc.strerror or str(exc)) from exc
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), above | {here})
        else:
            yield Path(entry.path)


def _local_file(root: Path, path: Path) -> PackFile:
    try:
        found = path.stat()
    except OSError as exc:
        why = "it is a link to nothing" if path.is_symlink() else exc.strerror or str(exc)
        raise _unreadable(path, why) from exc
    if not stat.S_ISREG(found.st_mode):
        raise _unreadable(path, "it is no regular file")
    if not os.access(path, os.R_OK):
        raise _unreadable(path, "you may not read it")
    stamp = stamp_of(found)
    member = LocalMember(str(path.resolve()), found.st_size, stamp)
    key = ":".join(map(str, stamp))
    return PackFile(path.relative_to(root).as_posix(), member, None, key)


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} cannot be packaged.", why=why, fix=("repair or remove it, then run this again",)
    )
