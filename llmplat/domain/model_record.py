"""What identifies a model's content: its files, one digest over them, and the facts planning needs."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from llmplat.domain.ports import ModelFile


class PinnedFile(Protocol):
    """One file with its size and hash, as a lock or a record states it."""

    @property
    def path(self) -> str:
        """Relative, with forward slashes."""
        ...

    @property
    def size_bytes(self) -> int:
        """Its length."""
        ...

    @property
    def sha256(self) -> str | None:
        """Hex digest; None of a file that only the model's own digest pins (an image's)."""
        ...


class PinnedModel(Protocol):
    """A model whose every byte is pinned: an entry of the lock, or a ModelRecord."""

    @property
    def revision(self) -> str:
        """The commit, package version or digest it was read at."""
        ...

    @property
    def digest(self) -> str:
        """Digest over all files, "sha256:" and hex, see `digest_files`; of an image its own."""
        ...

    @property
    def files(self) -> Sequence[PinnedFile]:
        """All files that are fetched, sorted by path."""
        ...

    @property
    def weights_bytes(self) -> int:
        """Bytes of all tensors together."""
        ...


@dataclass(frozen=True)
class ModelRecord:
    """A model as it was found at its source."""

    revision: str
    digest: str
    files: tuple[ModelFile, ...]
    weights_bytes: int
    config: Mapping[str, Any]
    """The facts of config.json that planning reads."""


def digest_files(files: Iterable[PinnedFile]) -> str:
    """One digest over `files`: "sha256:" and that of their sorted "path size sha256" lines."""
    lines = sorted(f"{file.path} {file.size_bytes} {file.sha256}\n" for file in files)
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"
