"""Paths and sizes -> the bytes of a tar file around them, computed without writing it.

GNU format (sizes beyond 8 GiB as base-256, long names as an extra member): the one that runtimes
and scanners all read, where pax sizes are ignored by some (Clair, reported for olot in 2026).
"""

import tarfile
from collections.abc import Iterable

from llmplat.domain.registry import Member, Piece

ROOT = "models"
"""Every name begins with it: KServe keeps only members below `models/`."""
_END = bytes(2 * tarfile.BLOCKSIZE)


def tar_pieces(folders: Iterable[str], files: Iterable[tuple[str, Member]]) -> tuple[Piece, ...]:
    """A whole tar file: `folders`, then `files` (paths below models/), with its end mark."""
    pieces: list[Piece] = [folder_header(path) for path in folders]
    for path, member in files:
        pieces += [file_header(path, member.size_bytes), member]
        if padding := -member.size_bytes % tarfile.BLOCKSIZE:
            pieces.append(bytes(padding))
    return _joined([*pieces, _END])


def file_header(path: str, size_bytes: int) -> bytes:
    """The header of a file: root's, 0644, time 0, whoever owns it on disk."""
    return _header(path, tarfile.REGTYPE, 0o644, size_bytes)


def folder_header(path: str) -> bytes:
    """The header of a folder; "" is models/ itself."""
    return _header(path, tarfile.DIRTYPE, 0o755, 0)


def _header(path: str, kind: bytes, mode: int, size_bytes: int) -> bytes:
    info = tarfile.TarInfo(f"{ROOT}/{path}".rstrip("/"))
    info.type, info.mode, info.size = kind, mode, size_bytes
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Neighbouring bytes as one piece, so that they are sent at once."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, bytes) and isinstance(last, bytes):
            joined[-1] = last + piece
        else:
            joined.append(piece)
    return tuple(joined)
