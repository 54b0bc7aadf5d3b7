"""One process to its end -> what it cost, seen from outside."""

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Run:
    """One process, measured from outside."""

    wall_s: float
    cpu_s: float
    registry_cpu_s: float
    """What the registry spent on it."""
    anon_bytes: int
    read_bytes: int
    """By read, pread and sendfile."""
    sent_bytes: int
    """What the registry read from its sockets."""
    disk_bytes: int
    """Left or written in the cache and temporary folders."""

    @property
    def all_cpu_s(self) -> float:
        """Of both sides."""
        return self.cpu_s + self.registry_cpu_s


def watched(
    words: Sequence[str], env: Mapping[str, str], folders: tuple[Path, ...], registry: int | None
) -> Run:
    """Run `words`; the growth of `folders` and the work of the process `registry` count as its."""
    received = io_of(registry)[0] if registry else 0
    spent_s = cpu_of(registry) if registry else 0.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    watch = Watch(process.pid, folders)
    _, error = process.communicate()
    wall_s = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    watch.end()
    if process.returncode:
        raise SystemExit(error.decode())
    sent = io_of(registry)[0] - received if registry else 0
    spent_s = cpu_of(registry) - spent_s if registry else 0.0
    return Run(wall_s, cpu_s, spent_s, watch.anon_bytes, watch.read_bytes, sent, watch.disk_bytes)


class Watch:
    """Looks at a process until it ends."""

    def __init__(self, pid: int, folders: tuple[Path, ...]) -> None:
        self.anon_bytes = self.read_bytes = self.disk_bytes = 0
        self._pid = pid
        self._folders = folders
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            try:
                self._once()
            except (OSError, ValueError, IndexError):
                return

    def _once(self) -> None:
        status = Path(f"/proc/{self._pid}/status").read_text()
        anon = [line for line in status.splitlines() if line.startswith("RssAnon")]
        if anon:
            self.anon_bytes = max(self.anon_bytes, int(anon[0].split()[1]) * 1024)
        self.read_bytes = io_of(self._pid)[0]
        self.disk_bytes = max(self.disk_bytes, sum(map(size_of, self._folders)))


def io_of(pid: int) -> tuple[int, int]:
    """(rchar, wchar) of a process."""
    lines = Path(f"/proc/{pid}/io").read_text().split()
    return int(lines[1]), int(lines[3])


def cpu_of(pid: int) -> float:
    """Seconds of processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def size_of(folder: Path) -> int:
    """Bytes of the files under `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
