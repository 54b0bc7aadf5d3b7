"""`package:` of a model: published first, pinned by the lock, fetched from the image."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmplat.adapters.model_store import ensure_model
from llmplat.domain.errors import DownloadError, InputError
from llmplat.spec.lock import Lock, parse_lock
from tests.fakes.real_registry import RealRegistry
from tests.fakes.recording_progress import RecordingProgress
from tests.fakes.signing import write_keys
from tests.fakes.small_model import small_model, write_model

PLATFORM = """\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: packaged
profile: serving
substrate:
  local: {{}}
models:
  - name: near
    source: file://{folder}
    package: {{repository: {repository}, sign: {sign}}}
    context: 256
    concurrency: 1
"""


class Place:
    """A folder with a platform file, a model, a key, and the commands run in it."""

    def __init__(self, root: Path, address: str) -> None:
        self.root, self.address = root, address
        self.model = write_model(root / "model", small_model(2_000_000))
        self.private, self.public = write_keys(root)
        self.repository = f"{address}/team/near"
        self.write(sign=True)

    def write(self, *, sign: bool) -> None:
        text = PLATFORM.format(
            folder=self.model, repository=self.repository, sign=str(sign).lower()
        )
        (self.root / "platform.yaml").write_text(text)

    def run(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        homes = {
            "LLMPLAT_STATE_HOME": str(self.root / "state"),
            "LLMPLAT_CACHE_HOME": str(self.root / "cache"),
        }
        return subprocess.run(
            [sys.executable, "-m", "llmplat", *words],
            cwd=self.root, env={**os.environ, **homes, **env}, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip

    def lock(self) -> Lock:
        text = (self.root / "platform.lock.yaml").read_text()
        return parse_lock(text, "platform.lock.yaml")


@pytest.fixture
def place(real: RealRegistry, tmp_path: Path) -> Place:
    return Place(tmp_path, real.address)


def test_the_lock_pins_the_image_and_the_store_takes_the_model_from_it(
    place: Place, tmp_path: Path
) -> None:
    checked = place.run("lock", "--check")
    assert checked.returncode == 8, checked.stderr
    assert place.run("model", "inspect", f"{place.repository}:x").returncode == 3
    done = place.run("lock", LLMPLAT_SIGNING_KEY=str(place.private))
    assert done.returncode == 0, done.stderr
    (entry,) = place.lock().models
    assert entry.image is not None
    assert entry.image.startswith(f"{place.repository}@sha256:")
    verified = place.run("model", "verify", entry.image, "--key", str(place.public))
    assert verified.returncode == 0, verified.stdout
    stored = ensure_model(f"oci://{entry.image}", entry, tmp_path / "new", RecordingProgress())
    assert stored.path.parent == tmp_path / "new" / "models"
    for file in stored.files:
        assert (stored.path / file.path).read_bytes() == (place.model / file.path).read_bytes()


def test_the_same_model_is_not_packaged_twice(place: Place) -> None:
    assert place.run("lock", LLMPLAT_SIGNING_KEY=str(place.private)).returncode == 0
    again = place.run("lock", LLMPLAT_SIGNING_KEY=str(place.private))
    assert "Push" not in again.stderr
    assert place.run("lock", "--check").returncode == 0
    weights = place.model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    before = place.lock().models[0].image
    assert place.run("lock", LLMPLAT_SIGNING_KEY=str(place.private)).returncode == 0
    assert place.lock().models[0].image != before


def test_plan_asks_for_a_lock_when_the_lock_knows_no_image(place: Place) -> None:
    text = (place.root / "platform.yaml").read_text()
    lines = [line for line in text.splitlines() if "package:" not in line]
    (place.root / "platform.yaml").write_text("\n".join(lines) + "\n")
    assert place.run("lock").returncode == 0
    place.write(sign=False)
    planned = place.run("plan", "-o", "json")
    assert planned.returncode == 3
    error = json.loads(planned.stderr.splitlines()[-1])
    assert error["code"] == "lock-missing"
    assert "no image" in error["why"]


def test_a_signature_asked_for_later_is_attached_and_nothing_is_pushed_again(
    place: Place, real: RealRegistry
) -> None:
    place.write(sign=False)
    assert place.run("lock").returncode == 0
    (before,) = place.lock().models
    assert (before.signed_by, before.image is None) == (None, False)
    place.write(sign=True)
    planned = place.run("plan")
    assert planned.returncode == 3
    assert "no signature" in planned.stderr
    assert place.run("lock", "--check").returncode == 8
    # Neither the weights nor any note of them is needed.
    shutil.rmtree(place.root / "cache")
    blobs = sum(path.stat().st_size for path in (real.folder / "data").rglob("data"))
    done = place.run("lock", LLMPLAT_SIGNING_KEY=str(place.private))
    assert done.returncode == 0, done.stderr
    after = sum(path.stat().st_size for path in (real.folder / "data").rglob("data"))
    assert after - blobs < 100_000
    assert "model.safetensors" not in done.stderr
    (entry,) = place.lock().models
    assert entry.image == before.image
    assert entry.signed_by
    verified = place.run("model", "verify", str(entry.image), "--key", str(place.public))
    assert verified.returncode == 0, verified.stdout
    assert place.run("plan").returncode == 0
    # A key is needed once only, and the documents are those of an image signed at first.
    assert place.run("lock", "--check").returncode == 0
    assert place.run("lock").returncode == 0
    other = place.run(
        "package-model", str(place.model), f"{place.repository}:new", "--sign", str(place.private)
    )
    assert other.stdout.strip() == entry.image
    assert "Push signature" not in other.stderr
    assert "Push provenance" not in other.stderr


def test_another_key_is_added(place: Place) -> None:
    assert place.run("lock", LLMPLAT_SIGNING_KEY=str(place.private)).returncode == 0
    (before,) = place.lock().models
    (place.root / "other").mkdir()
    private, public = write_keys(place.root / "other")
    assert place.run("lock", LLMPLAT_SIGNING_KEY=str(private)).returncode == 0
    (entry,) = place.lock().models
    assert (entry.image, entry.signed_by == before.signed_by) == (before.image, False)
    for key in (place.public, public):
        done = place.run("model", "verify", str(entry.image), "--key", str(key))
        assert done.returncode == 0, done.stdout


def test_signing_without_a_key_says_which_variable(place: Place) -> None:
    done = place.run("lock")
    assert done.returncode == 5
    assert "LLMPLAT_SIGNING_KEY" in done.stderr
    assert not (place.root / "platform.lock.yaml").exists()


def test_an_image_that_was_tampered_with_is_not_stored(
    place: Place, real: RealRegistry, tmp_path: Path
) -> None:
    place.write(sign=False)
    assert place.run("lock").returncode == 0
    (entry,) = place.lock().models
    layers = [path for path in (real.folder / "data").rglob("data") if path.stat().st_size > 10**6]
    for layer in layers:
        content = bytearray(layer.read_bytes())
        content[1_000_000] ^= 1
        layer.write_bytes(content)
    with pytest.raises(DownloadError, match="hash mismatch") as caught:
        ensure_model(f"oci://{entry.image}", entry, tmp_path / "new", RecordingProgress())
    assert "nothing of it was kept" in str(caught.value.why)
    assert not list((tmp_path / "new" / "models").glob("*/*.safetensors"))


def test_a_source_by_tag_is_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not pinned"):
        ensure_model(f"oci://{place.repository}:v1", None, tmp_path, RecordingProgress())
