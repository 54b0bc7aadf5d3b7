"""Several transfers at once -> one step of the story."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from llmplat.domain.ports import Progress, StepProgress


class Together(Progress):
    """The progress of several transfers as one step: bytes so far, things done of all."""

    def __init__(self, progress: Progress, step: StepProgress, total: int) -> None:
        self._progress = progress
        self._step = step
        self._total = total
        self._done = 0
        self._bytes: dict[int, int] = {}
        self._lock = threading.Lock()

    @contextmanager
    def step(self, text: str) -> Iterator[StepProgress]:
        """A transfer: counted, not shown on its own unless the run is verbose."""
        counter = _Counter(self)
        yield counter
        self._progress.note(f"{text} ({counter.last})" if counter.last else text)

    def note(self, text: str) -> None:
        """As the run's."""
        self._progress.note(text)

    def warn(self, text: str) -> None:
        """As the run's."""
        self._progress.warn(text)

    def hint(self, command: str) -> None:
        """As the run's."""
        self._progress.hint(command)

    def child(self, line: str) -> None:
        """As the run's."""
        self._progress.child(line)

    def add(self, key: int, done_bytes: int) -> None:
        """What a transfer has so far."""
        with self._lock:
            self._bytes[key] = done_bytes
            self._step.advance(sum(self._bytes.values()), None)

    def finish(self, told: str) -> None:
        """One thing is settled."""
        with self._lock:
            self._done += 1
            self._progress.note(f"{self._done} of {self._total}: {told}")


class _Counter:
    """One transfer's part of the whole."""

    def __init__(self, told: Together) -> None:
        self._told = told
        self.last = ""

    def advance(self, done_bytes: int, total_bytes: int | None) -> None:  # noqa: ARG002 (the port)
        """Bytes so far."""
        self._told.add(id(self), done_bytes)

    def detail(self, text: str) -> None:
        """Kept for the note."""
        self.last = text
