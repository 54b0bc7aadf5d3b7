"""`llmplat lock` as a command, against a hub on this machine and a folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmplat.spec.lock import parse_lock
from tests.fakes.hub import COMMIT, FakeHub, fake_hub
from tests.fakes.small_model import small_model, write_model

PLATFORM = """\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: locked
profile: serving
substrate:
  local: {{}}
models:
  - name: far
    source: hf://org/tiny@{revision}
    context: 256
    concurrency: 1
  - name: near
    source: file://{folder}
    context: 256
    concurrency: 1
"""


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub(small_model(4096)) as running:
        yield running


class Place:
    """A folder with a platform file, and the command run in it."""

    def __init__(self, root: Path, hub: FakeHub) -> None:
        self.root, self.hub = root, hub
        self.lock_file = root / "platform.lock.yaml"
        self.model = write_model(root / "model", small_model(2048, seed=1))
        self.write("main")

    def write(self, revision: str) -> None:
        text = PLATFORM.format(revision=revision, folder=self.model)
        (self.root / "platform.yaml").write_text(text)

    def lock(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        env = os.environ | {
            "LLMPLAT_STATE_HOME": str(self.root / "state"),
            "LLMPLAT_CACHE_HOME": str(self.root / "cache"),
            "HF_ENDPOINT": self.hub.address,
            "HF_TOKEN": "hf_planted",
        }
        command = [sys.executable, "-m", "llmplat", "lock", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=env, capture_output=True, text=True, check=False
        )


@pytest.fixture
def place(tmp_path: Path, hub: FakeHub) -> Place:
    return Place(tmp_path, hub)


def test_locks_checks_and_notices_a_moved_model(place: Place) -> None:
    done = place.lock()
    assert done.returncode == 0, done.stderr
    text = place.lock_file.read_text()
    far, near = parse_lock(text, "l").models
    assert (far.name, far.revision, far.weights_bytes) == ("far", COMMIT, 4096)
    assert (near.name, near.revision, near.weights_bytes) == ("near", near.digest, 2048)
    assert place.hub.sent_bytes["model.safetensors"] < 1024
    assert place.lock("--check").returncode == 0
    assert place.lock().returncode == 0
    assert place.lock_file.read_text() == text
    write_model(place.model, {"tokenizer.json": b'{"version": "2.0"}'})
    assert place.lock("--check").returncode == 8
    assert place.lock_file.read_text() == text
    everything = "".join(p.read_text() for p in (place.root / "state").rglob("*") if p.is_file())
    assert "hf_planted" not in done.stdout + done.stderr + text + everything


def test_a_revision_that_does_not_exist_leaves_the_lock_alone(place: Place) -> None:
    assert place.lock().returncode == 0
    before = place.lock_file.read_text()
    place.write("v9")
    done = place.lock()
    assert done.returncode == 3
    assert "has no revision v9" in done.stderr
    assert "fix:" in done.stderr
    assert place.lock_file.read_text() == before


def test_truncated_weights_are_named_with_figures(place: Place) -> None:
    weights = place.model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    done = place.lock()
    assert done.returncode == 3
    assert "model.safetensors" in done.stderr
    assert "100 are missing" in done.stderr
    assert not place.lock_file.exists()
