"""A model that is an image already: the lock looks into it, `up` pulls it, verified."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmplat.adapters.model_store import ensure_model
from llmplat.domain.errors import DownloadError
from llmplat.spec.lock import LockedModel, parse_lock
from tests.fakes.oci_registry import FakeRegistry
from tests.fakes.recording_progress import RecordingProgress
from tests.registry.packing import MIB, Packing, make_packing

SHARD = "model-00001.safetensors"
SHARD_BYTES = 80 * MIB
PLATFORM = """\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: imaged
profile: serving
substrate:
  local: {{}}
models:
  - {{name: near, source: "{source}", context: 256, concurrency: 1}}
"""


def llmplat(root: Path, *words: str, code: int = 0) -> str:
    homes = {"LLMPLAT_STATE_HOME": str(root / "state"), "LLMPLAT_CACHE_HOME": str(root / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "llmplat", *words],
        cwd=root, env={**os.environ, **homes}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def packing(tmp_path: Path) -> Packing:
    packing = make_packing(tmp_path, shards=1, shard_bytes=SHARD_BYTES)
    for name in ("model.safetensors", "pytorch_model.bin", "onnx/model.onnx"):
        (packing.model / name).unlink()
    return packing


@pytest.fixture
def locked(v3: FakeRegistry, packing: Packing, tmp_path: Path) -> LockedModel:
    """What `llmplat lock` wrote of the image; the registry counts from there."""
    digest = packing.push(v3.address).digest
    source = f"oci://{v3.address}/team/model@{digest}"
    (tmp_path / "platform.yaml").write_text(PLATFORM.format(source=source))
    llmplat(tmp_path, "lock")
    (entry,) = parse_lock((tmp_path / "platform.lock.yaml").read_text(), "x").models
    assert (entry.source, entry.digest) == (source, str(digest))
    return entry


def test_lock_reads_headers_and_small_files_only(
    v3: FakeRegistry, locked: LockedModel, tmp_path: Path
) -> None:
    assert v3.served_bytes < MIB
    assert locked.weights_bytes == SHARD_BYTES
    assert locked.config.model_type == "llama"
    hashes = {file.path: file.sha256 for file in locked.files}
    assert hashes[SHARD] is None
    assert hashes["config.json"]
    assert not (tmp_path / "cache" / "downloads").exists()
    llmplat(tmp_path, "lock", "--check")
    assert "near" in llmplat(tmp_path, "plan")
    assert v3.served_bytes < 2 * MIB


def test_the_store_pulls_and_verifies(
    v3: FakeRegistry, locked: LockedModel, packing: Packing, tmp_path: Path
) -> None:
    for _ in range(2):
        stored = ensure_model(locked.source, locked, tmp_path / "cache", RecordingProgress())
        for file in locked.files:
            assert (stored.path / file.path).read_bytes() == (
                packing.model / file.path
            ).read_bytes()
    assert SHARD_BYTES < v3.served_bytes < 1.2 * SHARD_BYTES
    assert not list((tmp_path / "cache" / "downloads").glob("image-*/"))


def test_a_flipped_byte_is_not_stored(
    v3: FakeRegistry, locked: LockedModel, tmp_path: Path
) -> None:
    key = max(v3.blobs, key=lambda one: len(v3.blobs[one]))
    content = bytearray(v3.blobs[key])
    content[SHARD_BYTES // 2] ^= 1
    v3.blobs[key] = bytes(content)
    with pytest.raises(DownloadError, match="hash mismatch"):
        ensure_model(locked.source, locked, tmp_path / "cache", RecordingProgress())
    assert not list((tmp_path / "cache").glob("models/*/*.safetensors"))
