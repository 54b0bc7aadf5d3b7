"""Turns the events of a run into its debug log on disk, keeping the last ten."""

import os
import time
from pathlib import Path
from typing import TextIO

KEPT = 10


class RunLog:
    """One log per run, opened at the first line, readable by its owner only."""

    def __init__(self, folder: Path | None, verb: str) -> None:
        self._folder = folder
        self._verb = verb
        self._stream: TextIO | None = None
        self._head: list[tuple[str, str]] = []
        self.path: Path | None = None

    def head(self, kind: str, text: str) -> None:
        """Keep an event for the top of the log; alone it is no reason to open one."""
        self._head.append((kind, text))

    def write(self, kind: str, text: str) -> None:
        """Add one event; a folder that cannot be written costs the log, not the run."""
        if self._stream is None and self._open():
            for head in self._head:
                self.write(*head)
        if self._stream is not None:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            lines = text.splitlines() or [""]
            self._stream.write("".join(f"{stamp} {kind:<6} {line}\n" for line in lines))
            self._stream.flush()

    def close(self) -> None:
        """Close the file; writing again would open a new one, so this is the last act."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
        self._folder = None

    def _open(self) -> bool:
        if self._folder is None:
            return False
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = self._folder / f"{stamp}-{os.getpid()}-{self._verb}.log"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            self._folder = None
            return False
        self._stream = os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace")
        self.path = path
        _prune(self._folder)
        return True


def _prune(folder: Path) -> None:
    logs = sorted(folder.glob("*.log"))
    for old in logs[:-KEPT]:
        old.unlink(missing_ok=True)
