"""SIGKILL of the real thing: `up` while vLLM loads, vLLM's processes, all others, the supervisor.

One platform for all of them, since the engine takes half a minute to start; each test begins
and ends with a whole platform.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_sweep import marked
from tests.local.kit import kill, wait_until

pytestmark = [pytest.mark.engine, pytest.mark.timeout(3000)]

PORT = 21980
PLATFORM = f"""\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: kills
profile: llm-gateway
substrate:
  local: {{port: {PORT}}}
models:
  - name: smollm2-135m
    source: demo://smollm2-135m-instruct
    context: 1024
    concurrency: 4
    engine: {{kvCacheMemory: 512MiB}}
tenants:
  - name: team
    budget: {{usd: 5, period: month}}
    apps: [{{name: app}}]
"""
PARTS = {"supervisor", "engine-smollm2-135m", "gateway", "counters"}
WAIT_S = 900


@dataclass(frozen=True)
class Real:
    """The platform under test, by its own command line."""

    folder: Path

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "llmplat", *words, "-o", "json"],
            cwd=self.folder,
            env={**os.environ, "LLMPLAT_STATE_HOME": str(self.folder / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        process = self.start(*words)
        out, err = process.communicate(timeout=WAIT_S)
        assert process.returncode in codes, (words, out, err)
        return dict(json.loads(out)) if out else {}

    def status(self) -> dict[str, Any]:
        return self.run("status", codes=(0, 1))

    def pid_of(self, service: str) -> int:
        return next(one["pid"] or 0 for one in self.status()["services"] if one["name"] == service)

    def processes(self) -> Counter[str]:
        home = LocalHome("kills", self.folder / "state" / "kills")
        return Counter(process.service for process in marked(home.state_id))

    def pids(self) -> dict[int, str]:
        home = LocalHome("kills", self.folder / "state" / "kills")
        return {process.pid: process.service for process in marked(home.state_id)}

    def spent_nanousd(self) -> int:
        accounts = self.status()["usage"]["tenants"]
        return sum(one["budget"]["spentNanousd"] for one in accounts if one["budget"])

    def kept(self) -> dict[str, str]:
        """What no kill may change: the user's files and the secrets."""
        state = self.folder / "state" / "kills"
        files = [self.folder / "platform.yaml", self.folder / "keys.yaml"]
        return {str(path): path.read_text() for path in [*files, *(state / "secrets").iterdir()]}


@pytest.fixture(scope="module")
def real() -> Iterator[Real]:
    folder = Path(tempfile.mkdtemp(prefix="llmplat-kills-"))
    (folder / "platform.yaml").write_text(PLATFORM)
    found = Real(folder)
    try:
        found.run("up")
        found.run("keys", "create", "team/app")
        yield found
    finally:
        found.run("down", "--purge", "--yes", codes=(0, 1))
        assert not found.processes()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def before(real: Real) -> Iterator[tuple[Counter[str], int, dict[str, str]]]:
    """Processes, spend and keys of the whole platform; compared again after the test."""
    counts, spent, kept = settled(real), real.spent_nanousd(), real.kept()
    assert set(counts) == PARTS
    yield counts, spent, kept
    wait_healthy(real)
    wait_until(lambda: real.processes() == counts, f"the processes {counts} again", WAIT_S)
    assert real.spent_nanousd() >= spent
    assert real.kept() == kept


def settled(real: Real) -> Counter[str]:
    """The processes, once the helpers of a start are gone: the same for a while."""
    seen: list[Counter[str]] = []

    def is_steady() -> bool:
        time.sleep(1)
        seen.append(real.processes())
        return len(seen) >= 5 and all(one == seen[-1] for one in seen[-5:])

    wait_until(is_steady, "steady processes", WAIT_S)
    return seen[-1]


def wait_healthy(real: Real) -> None:
    wait_until(lambda: real.status()["isHealthy"], "a healthy platform", WAIT_S)


def test_a_killed_engine_comes_back_without_its_orphans(
    real: Real, before: tuple[Counter[str], int, dict[str, str]]
) -> None:
    _, spent, _ = before
    old = real.pid_of("engine-smollm2-135m")
    orphans = {pid for pid, service in real.pids().items() if service.startswith("engine")} - {old}
    assert orphans, "vLLM has processes of its own"
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: real.pid_of("engine-smollm2-135m") not in {0, old}, "another engine", WAIT_S)
    wait_until(lambda: not orphans & set(real.pids()), "the end of the orphans")
    wait_healthy(real)
    assert real.spent_nanousd() == spent


def test_a_killed_engine_core_takes_the_engine_along_and_both_come_back(
    real: Real, before: tuple[Counter[str], int, dict[str, str]]
) -> None:
    old = real.pid_of("engine-smollm2-135m")
    children = sorted(
        pid for pid, service in real.pids().items() if service.startswith("engine") and pid != old
    )
    os.kill(children[-1], signal.SIGKILL)
    wait_until(lambda: real.pid_of("engine-smollm2-135m") not in {0, old}, "another engine", WAIT_S)
    wait_healthy(real)


def test_up_killed_while_the_engine_loads_is_taken_up_by_the_next(
    real: Real, before: tuple[Counter[str], int, dict[str, str]]
) -> None:
    real.run("down")
    assert not real.processes()
    dying = real.start("up")
    wait_until(lambda: real.processes()["engine-smollm2-135m"] > 0, "a starting engine", WAIT_S)
    time.sleep(5)
    os.killpg(dying.pid, signal.SIGKILL)
    dying.communicate()
    engine = real.pid_of("engine-smollm2-135m")
    report = real.run("up")
    assert report["kept"]
    assert real.pid_of("engine-smollm2-135m") == engine
    assert report["proofs"][0]["tokens"] > 0


def test_a_killed_supervisor_and_gateway_and_counters_lose_nothing(
    real: Real, before: tuple[Counter[str], int, dict[str, str]]
) -> None:
    _, spent, _ = before
    for pid, service in real.pids().items():
        if service in {"supervisor", "gateway", "counters"}:
            kill(pid)  # the first takes the others along
    assert not real.status()["isHealthy"]
    real.run("up")
    assert real.spent_nanousd() > spent
