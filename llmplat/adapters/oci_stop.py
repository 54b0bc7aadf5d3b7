"""SIGINT and SIGTERM -> a request to end cleanly, heeded between two frames of an upload."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether to end; threads look at it, the main thread is interrupted where it may be."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._is_guarded = False
        self._asked_at: float | None = None

    @property
    def asked_since_s(self) -> float:
        """Seconds since the end was asked for; -1 before."""
        return -1.0 if self._asked_at is None else time.monotonic() - self._asked_at

    @property
    def is_set(self) -> bool:
        """Whether somebody asked for the end."""
        return self._event.is_set()

    def set(self) -> None:
        """Ask for the end."""
        self._asked_at = self._asked_at or time.monotonic()
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Sleep so long at most; True when the end was asked for."""
        return self._event.wait(seconds)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """While threads send: the first signal only asks, so that they can leave things tidy."""
        self._is_guarded = True
        try:
            yield
        finally:
            self._is_guarded = False

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal; raises KeyboardInterrupt outside a guard and on the second signal."""
        if self._event.is_set() or not self._is_guarded:
            self.set()
            raise KeyboardInterrupt
        self.set()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """A Stop that SIGINT and SIGTERM set until the block ends; for the main thread."""
    stop = Stop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop.on_signal) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
