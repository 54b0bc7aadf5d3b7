"""A Member whose bytes are in memory, or only counted."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmplat.domain.registry import Piece


@dataclass(frozen=True)
class MemoryMember:
    """A file that is not on disk."""

    content: bytes
    local_file: str | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def stream(self, start: int = 0) -> Iterator[bytes]:
        for at in range(start, len(self.content), 1000):
            yield self.content[at : at + 1000]

    def check(self) -> None:
        """It cannot change."""


@dataclass(frozen=True)
class SizedMember:
    """A file of which only the size matters."""

    size_bytes: int
    local_file: str | None = None

    def stream(self, start: int = 0) -> Iterator[bytes]:
        raise AssertionError(f"nobody should read from {start}")

    def check(self) -> None:
        """It cannot change."""


def written(pieces: tuple[Piece, ...]) -> bytes:
    """All bytes of `pieces`."""
    return b"".join(p if isinstance(p, bytes) else b"".join(p.stream()) for p in pieces)
