"""keys.yaml on disk: replaced whole, one writer at a time (a KeysStore)."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole
from llmplat.domain.errors import BusyError, PreconditionError

_PATIENCE_S = 30.0
_PAUSE_S = 0.05


class KeysFileStore:
    """The file at `path`; `lock` is where writers queue, outside the user's folder."""

    def __init__(self, path: Path, lock: Path) -> None:
        self._path = path
        self._lock = lock

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the only writer; the kernel lets go when the process dies.

        Raises:
            BusyError: another run holds the keys for longer than patience lasts.
            PreconditionError: the state folder cannot be written.
        """
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(self._lock, error) from error
        try:
            _wait_for(handle)
            yield
        finally:
            os.close(handle)

    def read(self) -> str | None:
        """The text; None when there is no file. Raises PreconditionError when it is unreadable."""
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise PreconditionError(
                f"The keys file {self._path} cannot be read.",
                str(error),
                (f"ls -l {self._path}",),
            ) from error

    def write(self, text: str) -> None:
        """Replace the file at once; PreconditionError when the folder cannot be written."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, text.encode())
        except OSError as error:
            raise _unwritable(self._path, error) from error


def _wait_for(handle: int) -> None:
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise BusyError(
                    "Another run of llmplat is changing the keys.",
                    f"it has not let go for {_PATIENCE_S:.0f} s",
                    ("wait for it to end, then run the command again",),
                ) from error
            time.sleep(_PAUSE_S)
        else:
            return


def _unwritable(path: Path, error: OSError) -> PreconditionError:
    return PreconditionError(
        f"{path} cannot be written.",
        error.strerror or str(error),
        (f"df -h {path.parent}", f"ls -ld {path.parent}"),
    )
