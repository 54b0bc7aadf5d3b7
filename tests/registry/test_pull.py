"""Pulling a model, killed in the middle of a layer: the next run asks for the rest only."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.oci_registry import FakeRegistry
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
    process = start(registry, folder)
    while process.poll() is None and not (part.is_file() and part.stat().st_size > 20 * MIB):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert 20 * MIB < part.stat().st_size < SHARD_BYTES
    return part


def finish(registry: FakeRegistry, packing: Packing, folder: Path) -> int:
    """Pull again; how many bytes the registry had to send."""
    registry.served_bytes = 0
    out, err = (process := start(registry, folder)).communicate()
    assert process.returncode == 0, err
    for path in ("config.json", "tokenizer.json", SHARD):
        assert (folder / path).read_bytes() == (packing.model / path).read_bytes()
    assert not list(folder.rglob("*.part"))
    assert json.loads(out)["receivedBytes"] <= registry.served_bytes
    return registry.served_bytes


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
