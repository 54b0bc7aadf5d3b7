"""A path -> a lock that one process holds at a time and the kernel takes back when it dies."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmplat.domain.errors import BusyError

_POLL_S = 0.2


@contextmanager
def hold(
    path: Path, *, patience_s: float = 3600, on_wait: Callable[[], None] = lambda: None
) -> Iterator[int]:
    """Hold the lock file `path`, waiting up to `patience_s`; gives its descriptor.

    A child that inherits the descriptor (`pass_fds`) keeps the lock until it has ended too, so
    that nobody starts over while it still writes. `on_wait` is called once when there is a wait.

    Raises:
        BusyError: somebody else still held it after `patience_s`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path, patience_s, on_wait)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, patience_s: float, on_wait: Callable[[], None]) -> None:
    give_up = time.monotonic() + patience_s
    has_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            if time.monotonic() >= give_up:
                raise BusyError(
                    f"Another run of llmplat has been working on {path.stem} all the time.",
                    why=f"it holds {path} and has not let go in {patience_s:.0f} s",
                    fix=("wait for it to end, or stop it, then run the command again",),
                ) from exc
        else:
            return
        if not has_told:
            on_wait()
            has_told = True
        time.sleep(_POLL_S)
