"""Files on disk -> their sha256, read again only when size, time or inode have changed."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole

_CHUNK_BYTES = 4 * 1024 * 1024


def hash_file(path: Path, on_bytes: Callable[[int], None] = lambda _count: None) -> str:
    """Hex digest of the file at `path`; `on_bytes` is told of every chunk. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            on_bytes(len(chunk))
    return digest.hexdigest()


class HashIndex:
    """What was hashed under one folder, kept in a file; a lost or broken one is made again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, list[object]] = _read(file)
        self._is_changed = False

    def sha256(self, path: Path, on_bytes: Callable[[int], None] = lambda _count: None) -> str:
        """The digest of `path`, from the index where the file has not been touched since."""
        before = _stamp(path)
        known = self._known.get(str(path))
        if known is not None and known[:-1] == before:
            on_bytes(path.stat().st_size)
            return str(known[-1])
        digest = hash_file(path, on_bytes)
        if _stamp(path) == before:
            self._known[str(path)] = [*before, digest]
            self._is_changed = True
        return digest

    def save(self) -> None:
        """Write the index when it has changed."""
        if self._is_changed:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, json.dumps(self._known, sort_keys=True).encode())
            self._is_changed = False


def _stamp(path: Path) -> list[object]:
    found = os.stat(path)  # noqa: PTH116 (follows links, as opening the file does)
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _read(file: Path) -> dict[str, list[object]]:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {k: v for k, v in document.items() if isinstance(v, list) and len(v) == 4}
