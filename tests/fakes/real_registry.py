"""Real registries as processes of this machine: Debian's docker-registry and Distribution 3."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.fakes.ports import free_port

DISTRIBUTION = "github.com/distribution/distribution/v3/cmd/registry@v3.1.1"
CRANE = "github.com/google/go-containerregistry/cmd/crane@v0.20.6"
_CONFIG = """version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
  maintenance: {{uploadpurging: {{enabled: false}}}}
http: {{addr: "{address}"{secret}}}
"""


def find_debian() -> Path | None:
    """Debian's docker-registry 2.8, None where it is not installed."""
    found = shutil.which("docker-registry")
    return Path(found) if found else None


def find_distribution() -> Path | None:
    """Distribution 3.1.1, built with Go where it is not there yet; None without Go."""
    return _built("distribution-v3.1.1", DISTRIBUTION, "registry")


def find_crane() -> Path | None:
    """crane, built with Go where it is not there yet; None without Go."""
    return _built("crane", CRANE, "crane")


@cache
def _built(name: str, module: str, program: str) -> Path | None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "llmplat-test-tools" / "bin"
    if (folder / name).is_file():
        return folder / name
    if not shutil.which("go"):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "GOBIN": str(folder)}
    done = subprocess.run(["go", "install", module], env=env, capture_output=True, check=False)
    if done.returncode:
        return None
    (folder / program).rename(folder / name)
    return folder / name


@dataclass
class RealRegistry:
    """One registry process over a folder."""

    program: Path
    folder: Path
    has_secret: bool = True
    address: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it listens."""
        if not self.address:
            self.address = f"127.0.0.1:{free_port()}"
        config = self.folder / "config.yml"
        secret = ', secret: "for-tests-only"' if self.has_secret else ""
        text = _CONFIG.format(root=self.folder / "data", address=self.address, secret=secret)
        config.write_text(text)
        env = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
        self._process = subprocess.Popen(
            [str(self.program), "serve", str(config)],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await()

    def stop(self, *, kill: bool = False) -> None:
        """End it, politely or not."""
        if self._process is not None:
            self._process.kill() if kill else self._process.terminate()
            self._process.wait()
            self._process = None

    def _await(self) -> None:
        _await(self.address)


@contextmanager
def real_registry(
    program: Path, folder: Path, *, has_secret: bool = True
) -> Iterator[RealRegistry]:
    """`program` serving `folder` until the block ends."""
    registry = RealRegistry(program, folder, has_secret)
    try:
        registry.start()
        yield registry
    finally:
        registry.stop(kill=True)


@contextmanager
def running(words: list[str], address: str, folder: Path) -> Iterator[None]:
    """A program in `folder` that listens on `address`, until the block ends."""
    process = subprocess.Popen(
        words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(address)
        yield
    finally:
        process.kill()
        process.wait()


def _await(address: str) -> None:
    host, _, port = address.partition(":")
    end_s = time.monotonic() + 120
    while time.monotonic() < end_s:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on {address}")
