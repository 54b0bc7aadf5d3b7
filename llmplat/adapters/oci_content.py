"""A blob's pieces -> bytes at any place of it, read once, hashed on the way, or left to the kernel."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from llmplat.adapters.oci_send import ended_early
from llmplat.adapters.oci_stop import Stop
from llmplat.domain.errors import InputError
from llmplat.domain.oci import Digest
from llmplat.domain.registry import Blob, Member, Piece, piece_bytes

FRAME_BYTES = 1024 * 1024
"""Large enough that Python's share vanishes, small enough to stop between two of them."""
_KERNEL_BYTES = 64 * 1024
"""Below it, telling the kernel costs more than copying."""


@dataclass(frozen=True)
class Span:
    """Bytes of a local file for the kernel to send."""

    file: IO[bytes]
    start: int
    length: int


class Content:
    """Reads one blob; used by one thread, closed by it."""

    def __init__(self, blob: Blob, digest: Digest | None, stop: Stop) -> None:
        self.blob = blob
        self._stop = stop
        self.size_bytes = blob.size_bytes
        self._known = digest
        self._hash = hashlib.sha256()
        self._hashed_bytes = 0
        self._starts = _starts(blob.pieces)
        self._index = 0
        self._open: tuple[int, IO[bytes]] | None = None
        self._flow: tuple[int, int, Iterator[bytes], memoryview] | None = None
        """Of a piece read elsewhere: its index, our place in it, the rest to come, what is left."""

    def close(self) -> None:
        """Let go of open files."""
        self._flow = None
        if self._open is not None:
            self._open[1].close()
            self._open = None

    @property
    def is_open(self) -> bool:
        """Whether the digest is still to be found."""
        return self._known is None

    def forget_digest(self) -> None:
        """Trust nothing said before: hash again from the first byte."""
        self._known = None
        self._hash, self._hashed_bytes = hashlib.sha256(), 0

    def digest(self) -> Digest:
        """Of all bytes; reads those not yet hashed."""
        if self._known is None:
            self.hash_until(self.size_bytes)
            self._known = Digest(self._hash.hexdigest())
        return self._known

    def hash_until(self, end: int) -> None:
        """Have everything before `end` hashed; KeyboardInterrupt when asked to stop."""
        buffer = memoryview(bytearray(FRAME_BYTES))
        while self._hashed_bytes < end:
            if self._stop.is_set:
                raise KeyboardInterrupt
            self.read_into(buffer[: end - self._hashed_bytes], self._hashed_bytes)

    def span(self, start: int, length: int) -> Span | None:
        """Up to `length` bytes from `start` that the kernel can send; None: they must be read."""
        piece, begins = self._piece_at(start)
        if self.is_open or isinstance(piece, bytes) or piece.local_file is None:
            return None
        length = min(length, begins + piece.size_bytes - start)
        if length < _KERNEL_BYTES:
            return None
        return Span(self._file(piece), start - begins, length)

    def read_into(self, target: memoryview, start: int) -> int:
        """Fill `target` with the bytes from `start`; how many there were (fewer at the end)."""
        done = 0
        while done < len(target) and start + done < self.size_bytes:
            done += self._read_some(target[done:], start + done)
        if self.is_open and start + done > self._hashed_bytes >= start:
            self._hash.update(target[self._hashed_bytes - start : done])
            self._hashed_bytes = start + done
        return done

    def check(self) -> None:
        """Raise InputError when any file is not what it was when it was planned."""
        for piece in self.blob.pieces:
            if not isinstance(piece, bytes):
                piece.check()

    def _read_some(self, target: memoryview, start: int) -> int:
        piece, begins = self._piece_at(start)
        place = start - begins
        count = min(len(target), piece_bytes(piece) - place)
        if isinstance(piece, bytes):
            target[:count] = piece[place : place + count]
            return count
        if piece.local_file is None:
            return self._flow_into(piece, target[:count], place)
        got = os.preadv(self._file(piece).fileno(), [target[:count]], place)
        if got == 0:
            piece.check()
            raise ended_early(self.blob.name)
        return got

    def _flow_into(self, piece: Member, target: memoryview, place: int) -> int:
        index, at, chunks, left = self._flow or (-1, -1, iter(()), memoryview(b""))
        if (index, at) != (self._index, place):
            chunks, left = piece.stream(place), memoryview(b"")
        left = left or memoryview(next(chunks, b""))
        if not left:
            raise ended_early(self.blob.name)
        part = left[: len(target)]
        target[: len(part)] = part
        self._flow = (self._index, place + len(part), chunks, left[len(part) :])
        return len(part)

    def _piece_at(self, start: int) -> tuple[Piece, int]:
        if start < self._starts[self._index]:
            self._index = 0
        while start >= self._starts[self._index + 1]:
            self._index += 1
        return self.blob.pieces[self._index], self._starts[self._index]

    def _file(self, piece: Member) -> IO[bytes]:
        if self._open is None or self._open[0] != self._index:
            if self._open is not None:
                self._open[1].close()
            self._open = None
            self._open = (self._index, _open_file(piece))
        return self._open[1]


def _open_file(piece: Member) -> IO[bytes]:
    try:
        return open(str(piece.local_file), "rb", buffering=0)  # noqa: PTH123 (closed by close)
    except OSError as exc:
        raise InputError(
            f"{piece.local_file} cannot be read.",
            why=exc.strerror or str(exc),
            fix=("check the file, then run the same command again",),
        ) from exc


def _starts(pieces: tuple[Piece, ...]) -> list[int]:
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + piece_bytes(piece))
    return starts
