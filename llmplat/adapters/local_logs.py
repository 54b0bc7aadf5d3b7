"""Log files of services -> their last lines, and new ones as they come."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from llmplat.domain.substrate import LogLine

_STARTED = "llmplat: starting "
"""What the launcher says before it becomes the service."""
_TAIL_BYTES = 256 * 1024
_POLL_S = 0.2


class Place(NamedTuple):
    """How far a log was read."""

    inode: int
    offset: int


def ends_of(files: Mapping[str, Path]) -> dict[str, Place]:
    """Where each log (service -> file) ends now."""
    return {service: _end(path) for service, path in files.items()}


def last_lines(path: Path, count: int, before: Place | None = None) -> list[str]:
    """The last `count` lines of `path` (`before` that place); none when it does not exist."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            end = end if before is None else min(end, before.offset)
            start = file.seek(max(0, end - _TAIL_BYTES))
            text = file.read(end - start).decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines()][-count:] if count else []


def lines_of_last_life(path: Path, count: int) -> list[str]:
    """The last `count` lines that the service wrote since it was last started."""
    lines = last_lines(path, 100_000)
    starts = [index for index, line in enumerate(lines) if line.startswith(_STARTED)]
    lived = lines[starts[-1] + 1 :] if starts else lines
    return [line for line in lived if line.strip()][-count:]


def follow(files: Mapping[str, Path], since: Mapping[str, Place]) -> Iterator[LogLine]:
    """New lines of all `files` (service -> log) `since` then for ever, over rotations too."""
    places = dict(since)
    while True:
        is_quiet = True
        for service, path in files.items():
            places[service], lines = _read_on(path, places[service])
            for line in lines:
                is_quiet = False
                yield LogLine(service, line)
        if is_quiet:
            time.sleep(_POLL_S)


def _end(path: Path) -> Place:
    try:
        found = path.stat()
    except OSError:
        return Place(0, 0)
    return Place(found.st_ino, found.st_size)


def _read_on(path: Path, place: Place) -> tuple[Place, list[str]]:
    inode, offset = place
    try:
        with path.open("rb") as file:
            # Of the file that is read: another may have its name by now.
            found = os.fstat(file.fileno())
            if found.st_ino != inode or found.st_size < offset:
                offset = 0
            file.seek(offset)
            whole, newline, _ = file.read().rpartition(b"\n")
    except OSError:
        return place, []
    read = whole + newline
    lines = read.decode(errors="replace").splitlines()
    return Place(found.st_ino, offset + len(read)), lines
