"""The init container's script: a packaged model comes out of a registry as it went in, or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.oci_registry import fake_registry
from tests.registry.packing import MIB, make_packing

SCRIPT = Path(__file__).parents[2] / "llmplat/catalog/data/cluster/scripts/fetch_model.py"


def fetch(image: str, target: Path) -> subprocess.CompletedProcess[bytes]:
    env = {
        "PATH": os.environ["PATH"],
        "LLMPLAT_IMAGE": image,
        "LLMPLAT_TARGET": str(target),
        "LLMPLAT_REGISTRY_SCHEME": "http",
    }
    return subprocess.run(
        [sys.executable, str(SCRIPT)], env=env, capture_output=True, timeout=300, check=False
    )


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def packing(tmp_path_factory):
    return make_packing(tmp_path_factory.mktemp("packing"), shards=1, shard_bytes=9 * MIB)


@pytest.mark.parametrize("dialect", ["v3", "ghcr"])
def test_every_file_comes_out_as_it_went_in(packing, tmp_path, dialect):
    with fake_registry(dialect) as fake:
        report = packing.push(fake.address)
        done = fetch(f"{fake.address}/team/model@{report.digest}", tmp_path)
    assert done.returncode == 0, done.stderr
    packed = {path: data for path, data in files(packing.model).items() if data != b"never fetched"}
    assert files(tmp_path / "models") == packed


def test_another_digest_is_refused(packing, tmp_path):
    with fake_registry("v3") as fake:
        packing.push(fake.address)
        done = fetch(f"{fake.address}/team/model@sha256:{'0' * 64}", tmp_path)
    assert done.returncode != 0


def test_a_layer_with_other_bytes_is_refused(packing, tmp_path):
    with fake_registry("v3") as fake:
        report = packing.push(fake.address)
        spoil_largest(fake)
        done = fetch(f"{fake.address}/team/model@{report.digest}", tmp_path)
    assert done.returncode != 0
    assert b"a layer is sha256:" in done.stderr


def spoil_largest(fake):
    blobs = fake.blobs
    name = max(blobs, key=lambda key: len(blobs[key]))
    content = bytearray(blobs[name])
    content[len(content) // 2] ^= 0xFF
    blobs[name] = bytes(content)
