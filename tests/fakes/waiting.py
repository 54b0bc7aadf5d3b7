"""Waiting for a condition, however slow the machine is."""

import time
from collections.abc import Callable


def wait_until(is_so: Callable[[], bool], within_s: float = 60, every_s: float = 0.05) -> None:
    """Fails the test when `is_so` stays false; the last look is always behind the deadline."""
    deadline = time.monotonic() + within_s
    while True:
        is_late = time.monotonic() >= deadline
        if is_so():
            return
        assert not is_late, f"not within {within_s} s: {is_so}"
        time.sleep(every_s)
