"""containerd as a process of this machine, with its own folders and socket; needs root for mounts."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{folder}/socket"
[ttrpc]
  address = "{folder}/socket.ttrpc"
"""


@contextmanager
def running_containerd(folder: Path) -> Iterator[tuple[str, ...]]:
    """The first words of a `ctr` command to a containerd that lives until the block ends."""
    program, client = shutil.which("containerd"), shutil.which("ctr")
    if program is None or client is None:
        pytest.skip("no containerd here (apt-get install containerd)")
    if os.geteuid() != 0:
        pytest.skip("containerd unpacks by mounting: only root may")
    folder.mkdir()
    (folder / "config.toml").write_text(_CONFIG.format(folder=folder))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--config", folder / "config.toml"], stdout=log, stderr=log
        )
    try:
        _await(process, folder)
        yield (client, "--address", f"{folder}/socket")
    finally:
        process.terminate()
        process.wait()


def _await(process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(1200):
        if b"successfully booted" in (folder / "log").read_bytes():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    tail = (folder / "log").read_text(errors="replace")[-500:]
    pytest.skip(f"containerd does not start here: {tail}")
