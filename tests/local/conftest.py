"""A platform of stubs under real supervision, cleaned up whatever a test did to it."""

import random
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.kit import LocalPlatform

_PORTS = range(21720, 21960, 4)


@pytest.fixture
def platform() -> Iterator[LocalPlatform]:
    # Not pytest's own folder: unix sockets need a short path.
    folder = Path(tempfile.mkdtemp(prefix="llmplat-local-"))
    running = LocalPlatform(folder, free_ports())
    try:
        yield running
    finally:
        running.end_everything()
        shutil.rmtree(folder, ignore_errors=True)


def free_ports() -> int:
    """The first of four neighbouring ports that nobody holds; another run looks elsewhere first."""
    for first in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        if all(is_free(first + step) for step in range(4)):
            return first
    pytest.fail("no free ports")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
