"""A half-written file and what it should hold -> the whole file, written only where it differs."""

import os
from pathlib import Path


class Repair:
    """`path` while it is written; what is right already stays as it is."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.written_bytes = 0
        self._had_bytes = os.fstat(self._descriptor).st_size

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def write(self, content: memoryview, start: int) -> None:
        """Have `content` at `start`; raises OSError."""
        if start + len(content) <= self._had_bytes:
            # A crash of the machine may have left anything there: it is compared, not trusted.
            there = bytearray(len(content))
            got = os.preadv(self._descriptor, [there], start)
            if there[:got] == content:
                return
        self._write(content, start)

    def finish(self, size_bytes: int) -> None:
        """Cut off what is beyond `size_bytes` and have all of it on the disk; raises OSError."""
        os.ftruncate(self._descriptor, size_bytes)
        os.fsync(self._descriptor)

    def _write(self, content: memoryview, start: int) -> None:
        done = 0
        while done < len(content):
            done += os.pwrite(self._descriptor, content[done:], start + done)
        self.written_bytes += done
