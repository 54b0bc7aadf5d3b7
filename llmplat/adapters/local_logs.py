"""Log files of services -> their last lines, and new ones as they come."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from llmplat.domain.substrate import LogLine

_STARTED = "llmplat: starting "
"""What the launcher says before it becomes the service."""
_TAIL_BYTES = 256 * 1024
_POLL_S = 0.2


def last_lines(path: Path, count: int) -> list[str]:
    """The last `count` lines of `path`; none when it does not exist."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines()][-count:] if count else []


def lines_of_last_life(path: Path, count: int) -> list[str]:
    """The last `count` lines that the service wrote since it was last started."""
    lines = last_lines(path, 100_000)
    starts = [index for index, line in enumerate(lines) if line.startswith(_STARTED)]
    lived = lines[starts[-1] + 1 :] if starts else lines
    return [line for line in lived if line.strip()][-count:]


def follow(files: Mapping[str, Path]) -> Iterator[LogLine]:
    """New lines of all `files` (service -> log) for ever, over rotations too."""
    places = {service: _end(path) for service, path in files.items()}
    while True:
        is_quiet = True
        for service, path in files.items():
            places[service], lines = _read_on(path, places[service])
            for line in lines:
                is_quiet = False
                yield LogLine(service, line)
        if is_quiet:
            time.sleep(_POLL_S)


def _end(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_size


def _read_on(path: Path, place: tuple[int, int]) -> tuple[tuple[int, int], list[str]]:
    inode, offset = place
    try:
        with path.open("rb") as file:
            found = path.stat()
            if found.st_ino != inode or found.st_size < offset:
                offset = 0
            file.seek(offset)
            whole, newline, _ = file.read().rpartition(b"\n")
    except OSError:
        return place, []
    read = whole + newline
    lines = read.decode(errors="replace").splitlines()
    return (found.st_ino, offset + len(read)), lines
