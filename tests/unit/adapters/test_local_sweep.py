"""Processes found by their marker, and ended."""

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from llmplat.adapters.local_sweep import MARKER, end, marked, marker_of

IGNORES_TERM = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
FORKS = "import os, time; child = os.fork(); child and print('up', flush=True); time.sleep(600)"


@pytest.fixture
def state_id() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    found: list[subprocess.Popen[str]] = []
    yield found
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def start(code: str, marker: str, started: list[subprocess.Popen[str]]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, MARKER: marker},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_only_the_marked_service_is_found_and_ended(
    state_id: str, started: list[subprocess.Popen[str]]
) -> None:
    code = "import time; print('up', flush=True); time.sleep(600)"
    one = start(code, f"{state_id}/one", started)
    two = start(code, f"{state_id}/two", started)
    other = start(code, f"{state_id}x/one", started)
    assert {found.pid for found in marked(state_id)} == {one.pid, two.pid}
    found, killed = end(lambda: marked(state_id, "one"), 120.0)
    assert [process.pid for process in found] == [one.pid]
    assert killed == []
    assert one.wait(120) == -signal.SIGTERM
    assert two.poll() is None
    assert other.poll() is None


def test_children_inherit_the_marker_and_go_too(
    state_id: str, started: list[subprocess.Popen[str]]
) -> None:
    parent = start(FORKS, f"{state_id}/one", started)
    assert len(marked(state_id)) == 2
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert len(marked(state_id)) == 1
    end(lambda: marked(state_id), 120.0)
    assert marked(state_id) == []


def test_what_ignores_the_request_is_killed(
    state_id: str, started: list[subprocess.Popen[str]]
) -> None:
    process = start(IGNORES_TERM, f"{state_id}/one", started)
    _, killed = end(lambda: marked(state_id), 0.2)
    assert [one.pid for one in killed] == [process.pid]
    assert process.wait(120) == -signal.SIGKILL


def test_our_own_family_is_never_found(state_id: str) -> None:
    code = f"import os; from llmplat.adapters.local_sweep import marked;print(marked({state_id!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, MARKER: f"{state_id}/one"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_a_process_without_marker_or_gone_has_none() -> None:
    assert marker_of(1) == ""
    assert marker_of(2**22 + 1) == ""
