"""Pulling a model, killed in the middle of a layer: the next run asks for the rest only."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.oci_registry import FakeRegistry, Fault
from tests.registry.packing import MIB, Packing, make_packing

SHARD = "model-00001.safetensors"
SHARD_BYTES = 128 * MIB


@pytest.fixture
def packing(v3: FakeRegistry, tmp_path: Path) -> Packing:
    packing = make_packing(tmp_path, shards=1, shard_bytes=SHARD_BYTES)
    packing.push(v3.address)
    return packing


def start(registry: FakeRegistry, folder: Path) -> subprocess.Popen[str]:
    words = ["model", "pull", f"{registry.address}/team/model:v1", str(folder), "-o", "json"]
    return subprocess.Popen(
        [sys.executable, "-m", "llmplat", *words],
        env={**os.environ, "CI": "true"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def killed_in_the_middle(registry: FakeRegistry, folder: Path) -> Path:
    """The half-written file that a killed pull leaves."""
    part = folder / f"{SHARD}.part"
    registry.hold_at(registry.served_bytes + SHARD_BYTES // 2)
    process = start(registry, folder)
    while process.poll() is None and not (part.is_file() and part.stat().st_size > 20 * MIB):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    registry.hold_at(None)
    assert 20 * MIB < part.stat().st_size < SHARD_BYTES
    return part


def finish(registry: FakeRegistry, packing: Packing, folder: Path) -> int:
    """Pull again; how many bytes the registry had to send."""
    before = registry.served_bytes
    out, err = (process := start(registry, folder)).communicate()
    assert process.returncode == 0, err
    for path in ("config.json", "tokenizer.json", SHARD):
        assert (folder / path).read_bytes() == (packing.model / path).read_bytes()
    assert not list(folder.rglob("*.part"))
    served_bytes = registry.served_bytes - before
    assert json.loads(out)["receivedBytes"] <= served_bytes
    return served_bytes


def test_only_the_rest_of_a_layer_is_asked_for(
    v3: FakeRegistry, packing: Packing, tmp_path: Path
) -> None:
    part = killed_in_the_middle(v3, tmp_path / "pulled")
    had = part.stat().st_size
    assert finish(v3, packing, tmp_path / "pulled") <= SHARD_BYTES - had + MIB


def test_a_half_that_is_wrong_is_found_and_fetched_again(
    v3: FakeRegistry, packing: Packing, tmp_path: Path
) -> None:
    part = killed_in_the_middle(v3, tmp_path / "pulled")
    with part.open("r+b") as file:
        file.seek(MIB)
        file.write(b"broken")
    assert finish(v3, packing, tmp_path / "pulled") > SHARD_BYTES


def pull(registry: FakeRegistry, folder: Path) -> subprocess.CompletedProcess[str]:
    process = start(registry, folder)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def small(v3: FakeRegistry, tmp_path: Path) -> FakeRegistry:
    """A registry with a small model."""
    make_packing(tmp_path, shards=1, shard_bytes=9 * MIB).push(v3.address)
    return v3


@pytest.mark.parametrize("phase", ["find", "read"])
@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 503}, {"cut_after": 0}])
def test_a_registry_that_fails_for_a_while_is_waited_for(
    small: FakeRegistry, tmp_path: Path, phase: str, fault: dict[str, int]
) -> None:
    small.faults = [Fault(phase, **fault, times=1, headers={"Retry-After": "0"})]
    done = pull(small, tmp_path / "pulled")
    assert done.returncode == 0, done.stderr
    assert small.faults[0].times == 0


@pytest.mark.parametrize(
    ("phase", "status", "code", "says"),
    [
        ("find", 401, 5, "may not read"),
        ("find", 403, 5, "may not read"),
        ("find", 404, 3, "There is no image"),
        ("read", 401, 5, "may not read"),
        ("read", 403, 5, "may not read"),
        ("read", 404, 5, "There is no"),
        ("read", 416, 1, "failed to read"),
    ],
)
def test_a_refusal_is_told(
    small: FakeRegistry, tmp_path: Path, phase: str, status: int, code: int, says: str
) -> None:
    small.faults = [Fault(phase, status, times=99)]
    done = pull(small, tmp_path / "pulled")
    error = json.loads(done.stderr.splitlines()[-1])
    assert done.returncode == code
    assert says in error["what"]
    assert error["fix"]
    assert not list((tmp_path / "pulled").rglob("*.safetensors*"))
