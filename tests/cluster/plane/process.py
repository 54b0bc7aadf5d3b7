"""Starts the programs of a control plane as processes of this machine, and ends only those."""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

_SETUP = Path(__file__).parents[3] / ".ci" / "setup-cluster"


@cache
def find_program(module: str, program: str) -> Path:
    """The built `program` of `module` (a folder of tests/cluster/programs); skips where it is not."""
    if shutil.which("go") is None:
        pytest.skip("no Go here: the control plane's programs are built from Go modules")
    done = subprocess.run(
        ["bash", str(_SETUP), "--where", module], capture_output=True, text=True, check=True
    )
    path = Path(done.stdout.strip()) / program
    if not path.is_file():
        pytest.skip(f"{module} is not built here: run bash .ci/setup-cluster")
    return path


def wait_until(
    what: str, is_done: Callable[[], bool], timeout_s: float = 180, every_s: float = 0.2
):
    """Return when `is_done()`; TimeoutError naming `what` otherwise."""
    end_s = time.monotonic() + timeout_s
    while not is_done():
        if time.monotonic() > end_s:
            msg = f"after {timeout_s:.0f} s still not: {what}"
            raise TimeoutError(msg)
        time.sleep(every_s)


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Linux kills the process when the test run that started it is gone, however it went."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _environment(folder: Path) -> dict[str, str]:
    # Go programs collect their garbage half as often: memory is there, two cores are few.
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "GOGC": "400"}


@dataclass
class Crew:
    """Processes started for one session; all are ended with it."""

    folder: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(
        self, name: str, argv: list[str], env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start `argv`; what it says goes to <folder>/<name>.log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                env={**_environment(self.folder), **(env or {})},
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Safe: prctl takes no lock that another thread could hold.
                preexec_fn=_end_with_parent,  # noqa: PLW1509
            )
        self._running[name] = process
        return process

    def check(self, name: str) -> None:
        """RuntimeError with the end of its log when `name` has ended by itself."""
        process = self._running[name]
        if process.poll() is not None:
            tail = (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]
            msg = f"{name} ended with {process.returncode}:\n{tail}"
            raise RuntimeError(msg)

    def await_ready(self, name: str, is_ready: Callable[[], bool], timeout_s: float = 300) -> None:
        """Wait for `name`, which may end instead."""

        def poll() -> bool:
            self.check(name)
            return is_ready()

        wait_until(f"{name} is ready (see {self.folder}/{name}.log)", poll, timeout_s)

    def stop(self, name: str, *, gently: bool = False) -> None:
        """SIGKILL, as the state is disposable and politeness keeps ports for seconds; `gently`: SIGTERM."""
        process = self._running.pop(name, None)
        if process is not None:
            if gently:
                process.terminate()
            else:
                process.kill()
            process.wait()

    def stop_all(self) -> None:
        """End all, the last one first."""
        for name in reversed(list(self._running)):
            self.stop(name)
