"""The console as a child process of this run, on loopback, in the gateway's own environment."""

import ctypes
import os
import signal
import socket
import subprocess
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_http import is_well
from llmplat.catalog.cluster import load_console_code
from llmplat.domain.errors import PreconditionError, SubstrateError
from llmplat.plan.console import make_console
from llmplat.render.processes import spell_process

_HOST = "127.0.0.1"
_START_WITHIN_S = 30.0
_STOP_WITHIN_S = 5.0
_LIFE = "/health/live"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class LocalConsole:
    """A console that answers."""

    url: str
    log: str
    process: "subprocess.Popen[bytes]"

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None


@contextmanager
def serve_console(
    python: Path, home: LocalHome, gateway_url: str, port: int
) -> Iterator[LocalConsole]:
    """A console on `port` (0: a free one) until the block ends.

    Raises:
        PreconditionError: the port is taken.
        SubstrateError: it died while it started, with its last lines.
    """
    port = _take_port(port)
    code, log = _copy_code(home), home.logs / "console.log"
    launch = spell_process(
        make_console(gateway_url, port), host=_HOST, port=port, model_dir="", config_dir=""
    )
    argv = [str(python), "-P", *launch.argv]
    env = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(code), **dict(launch.env)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=env,
            cwd=home.run,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 (prctl only; this run has no threads)
        )
    try:
        _wait(process, port, log)
        yield LocalConsole(f"http://{_HOST}:{port}", str(log), process)
    finally:
        _end(process)


def show_in_browser(url: str) -> bool:
    """Open `url` in the user's browser; False where there is none."""
    return webbrowser.open(url)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _take_port(port: int) -> int:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((_HOST, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise PreconditionError(
            f"Port {port} is taken.",
            f"another process listens on {_HOST}:{port}",
            ("llmplat console --port 0", f"ss -ltnp 'sport = :{port}'"),
        ) from error


def _copy_code(home: LocalHome) -> Path:
    """The package alone, byte for byte, as a cluster mounts it; the folder for PYTHONPATH."""
    root = home.rendered / "console-code"
    folder = root / "llmplat" / "console"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    code = load_console_code()
    for stale in folder.iterdir():
        if stale.is_file() and stale.name not in code:
            stale.unlink()
    for name, text in code.items():
        write_whole(folder / name, text.encode())
    return root


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while not is_well(_HOST, port, _LIFE, 1.0):
        if process.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").splitlines()[-5:]
            raise SubstrateError(
                "The console did not start.", "; ".join(lines) or "it said nothing",
                (f"less {log}", "llmplat up"),
            )  # fmt: skip
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
