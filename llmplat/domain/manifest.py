"""A rendered file as a value: a path that cannot leave its root, and its text."""

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Manifest:
    """One rendered file."""

    path: str
    """Relative, with forward slashes; never absolute, never with `..`."""
    content: str

    def __post_init__(self) -> None:
        """Refuse a path that leaves the root; ValueError."""
        path = PurePosixPath(self.path)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            msg = f"{self.path!r} leaves the folder it is rendered into"
            raise ValueError(msg)
