"""A Progress that remembers what it was told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class RecordingProgress:
    """Steps, details, notes, warnings and hints in the order they came."""

    told: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def step(self, text: str) -> Iterator["RecordingProgress"]:
        self.told.append(("step", text))
        yield self

    def advance(self, done_bytes: int, total_bytes: int | None) -> None:
        del done_bytes, total_bytes

    def detail(self, text: str) -> None:
        self.told.append(("detail", text))

    def note(self, text: str) -> None:
        self.told.append(("note", text))

    def warn(self, text: str) -> None:
        self.told.append(("warn", text))

    def hint(self, command: str) -> None:
        self.told.append(("hint", command))

    def child(self, line: str) -> None:
        self.told.append(("child", line))

    def of(self, kind: str) -> list[str]:
        """All texts of one kind."""
        return [text for one, text in self.told if one == kind]
