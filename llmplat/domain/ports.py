"""What the stages need of the world: small protocols, one adapter and one fake each."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ModelFile:
    """One file of a model at a fixed revision."""

    path: str
    """Relative, with forward slashes."""
    size_bytes: int
    sha256: str | None
    """Hex digest where the source states it; None when it does not."""


class ModelSource(Protocol):
    """Where a model's files come from; read by the store, gpu-fit and the packer."""

    @property
    def revision(self) -> str:
        """What pins the content: a commit, a digest; never a moving name."""
        ...

    def list(self) -> tuple[ModelFile, ...]:
        """All files, sorted by path; raises DownloadError or InputError."""
        ...

    def read_range(self, path: str, start: int, length: int) -> bytes:
        """`length` bytes of `path` from byte `start` (fewer at the end of the file)."""
        ...

    def stream(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of `path` from byte `start`, in chunks."""
        ...


class StepProgress(Protocol):
    """The outcome of one running step, told as it goes."""

    def advance(self, done_bytes: int, total_bytes: int | None) -> None:
        """How far a transfer is."""
        ...

    def detail(self, text: str) -> None:
        """A short word shown behind the step (its outcome, a size, a cause)."""
        ...


class Progress(Protocol):
    """The story of a run, told on stderr; passed in, never imported."""

    def step(self, text: str) -> AbstractContextManager[StepProgress]:
        """One step; its time and outcome are shown when the block ends."""
        ...

    def note(self, text: str) -> None:
        """Something only a verbose run shows."""
        ...

    def warn(self, text: str) -> None:
        """Something every run shows."""
        ...

    def hint(self, command: str) -> None:
        """A next step to take."""
        ...

    def child(self, line: str) -> None:
        """A line of a child process."""
        ...


@dataclass(frozen=True)
class HttpAnswer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
