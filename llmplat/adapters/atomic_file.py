"""Bytes -> a file that is either the old one or the whole new one, whatever kills us."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> bool:
    """Write `content` aside, flush it and rename it to `path`; False when it was there already.

    Raises:
        OSError: the folder cannot be written or the disk is full; `path` is then untouched.
    """
    if _is_same(path, content, mode):
        return False
    aside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            aside.unlink()
    return True


def _is_same(path: Path, content: bytes, mode: int) -> bool:
    try:
        return path.stat().st_mode & 0o777 == mode and path.read_bytes() == content
    except OSError:
        return False
