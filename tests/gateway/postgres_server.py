"""A real PostgreSQL for the tests of this folder, ended by pid."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_world import Child, start, wait_until

from tests.fakes.ports import free_port


class Postgres:
    """A PostgreSQL of its own; by the user postgres where we are root."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._as = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            if os.getuid() == 0
            else []
        )
        self._data = folder / "data"
        self._folder = folder
        self._bin = Path(shutil.which("postgres") or "").resolve().parent
        self.child: Child | None = None
        self._run(str(self._bin / "initdb"), "-D", str(self._data), "-U", "usage", "-A", "trust")

    def start(self) -> None:
        words = [
            *self._as,
            str(self._bin / "postgres"),
            "-D",
            str(self._data),
            "-p",
            str(self.port),
        ]
        words += ["-h", "127.0.0.1", "-k", str(self._folder)]

        def is_up() -> bool:
            # Children of a killed server hold its memory a moment longer; until then none starts.
            if self.child is None or self.child.process.poll() is not None:
                self.child = start(words, self._folder / "postgres.log")
            return self.ask("SELECT 1") == ["1"]

        wait_until(is_up, 180, 0.2)

    def ask(self, query: str) -> list[str]:
        """The rows, or nothing while it is down."""
        words = [str(self._bin / "psql"), "-At", "-h", "127.0.0.1", "-p", str(self.port)]
        words += ["-U", "usage", "-d", "postgres", "-c", query]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.stdout.split() if done.returncode == 0 else []

    def kill(self) -> None:
        assert self.child is not None
        self.child.kill()
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _run(self, *words: str) -> None:
        subprocess.run([*self._as, *words], check=True, capture_output=True, cwd=self._folder)


def serve_postgres(name: str) -> Iterator[Postgres]:
    """One that runs until the test ends; a skip where the machine has none."""
    if shutil.which("postgres") is None or shutil.which("psql") is None:
        pytest.skip("no PostgreSQL on this machine")
    folder = Path(tempfile.mkdtemp(prefix=f"llmplat-test-{name}-", dir="/var/tmp"))
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    server: Postgres | None = None
    try:
        server = Postgres(folder)
        server.start()
        yield server
    finally:
        if server is not None and server.child is not None:
            # Not SIGTERM alone: that one waits for every client to leave.
            server.child.signal(signal.SIGINT)
            server.child.end()
        shutil.rmtree(folder, ignore_errors=True)
