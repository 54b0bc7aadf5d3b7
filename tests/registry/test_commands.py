"""The commands as a user runs them: answers, events, refusals, exit codes."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.hub import COMMIT, fake_hub
from tests.fakes.oci_registry import FakeRegistry
from tests.fakes.signing import write_keys
from tests.fakes.small_model import small_model, write_model


@dataclass(frozen=True)
class Place:
    """A folder with a model and keys, and a registry."""

    root: Path
    model: Path
    private: Path
    public: Path
    address: str

    def run(self, *words: str | Path, code: int = 0) -> "subprocess.CompletedProcess[str]":
        homes = {
            "LLMPLAT_STATE_HOME": str(self.root / "state"),
            "LLMPLAT_CACHE_HOME": str(self.root / "cache"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "llmplat", *map(str, words)],
            cwd=self.root, env={**os.environ, **homes}, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done

    @property
    def tag(self) -> str:
        return f"{self.address}/team/model:v1"


@pytest.fixture
def place(v3: FakeRegistry, tmp_path: Path) -> Place:
    model = write_model(tmp_path / "source", small_model(9_000_000))
    return Place(tmp_path, model, *write_keys(tmp_path), v3.address)


def test_package_inspect_verify_pull(place: Place) -> None:
    reference = place.run("package-model", place.model, place.tag, "--sign", place.private).stdout
    assert reference.count("\n") == 1
    shown = json.loads(place.run("model", "inspect", place.tag, "-o", "json").stdout)
    assert reference.strip() == shown["reference"]
    assert [layer["name"] for layer in shown["layers"]] == ["small files", "model.safetensors"]
    kinds = {one["predicateType"] for one in shown["attached"]}
    assert "https://slsa.dev/provenance/v1" in kinds
    done = place.run("model", "verify", place.tag, "--key", place.public)
    assert "signature included" in done.stdout
    unchecked = place.run("model", "verify", place.tag)
    assert "nobody's signature was checked" in unchecked.stderr
    assert place.run("model", "pull", place.tag).stdout == "model\n"
    weights = (place.root / "model" / "model.safetensors").read_bytes()
    assert weights == (place.model / "model.safetensors").read_bytes()


def test_a_folder_that_holds_something_else_is_not_pulled_into(place: Place) -> None:
    place.run("package-model", place.model, place.tag)
    place.run("model", "pull", place.tag, "there")
    again = json.loads(place.run("model", "pull", place.tag, "there", "-o", "json").stdout)
    assert again["receivedBytes"] == 0
    refused = place.run("model", "pull", place.tag, place.model, code=3)
    assert "is not empty" in refused.stderr


def test_a_lost_file_is_pulled_again_and_nothing_else(place: Place) -> None:
    place.run("package-model", place.model, place.tag)
    place.run("model", "pull", place.tag, "there")
    (place.root / "there" / "config.json").unlink()
    again = json.loads(place.run("model", "pull", place.tag, "there", "-o", "json").stdout)
    assert 0 < again["receivedBytes"] < 100_000
    assert (place.root / "there" / "config.json").is_file()


def test_verify_ends_with_six_when_a_byte_was_flipped(place: Place, v3: FakeRegistry) -> None:
    place.run("package-model", place.model, place.tag, "--sign", place.private)
    flip_largest(v3)
    done = place.run("model", "verify", place.tag, "--key", place.public, code=6)
    assert "layer 1" in done.stdout
    assert "model.safetensors" in done.stdout
    assert "changed after it was pushed" in done.stdout
    refused = place.run("model", "pull", place.tag, "there", code=1)
    assert "hash mismatch" in refused.stderr
    assert not (place.root / "there" / "model.safetensors").exists()
    assert not list((place.root / "there").rglob("*.part"))


def test_verify_with_another_key(place: Place) -> None:
    place.run("package-model", place.model, place.tag, "--sign", place.private)
    other = place.root / "other"
    other.mkdir()
    _, public = write_keys(other)
    done = place.run("model", "verify", place.tag, "--key", public, code=6)
    assert "none by this key" in done.stdout


def test_json_is_one_document_and_its_story_one_object_a_line(place: Place) -> None:
    done = place.run("package-model", place.model, place.tag, "-o", "json")
    made = json.loads(done.stdout)
    assert made["kind"] == "PackagedModel"
    assert made["sentBytes"] > 9_000_000
    events = [json.loads(line) for line in done.stderr.splitlines()]
    ends = [one for one in events if one["event"] == "end"]
    assert {"Push model.safetensors", "Push small files"} <= {one["text"] for one in ends}
    assert all(one["outcome"] == "ok" for one in ends)
    assert any(one["event"] == "progress" and one["totalBytes"] for one in events)
    quiet = place.run("package-model", place.model, place.tag, "-o", "json", "-q")
    assert quiet.stderr == ""
    assert json.loads(quiet.stdout)["sentBytes"] == 0


def test_dry_run_lists_the_layers_and_pushes_nothing(place: Place) -> None:
    done = place.run("package-model", place.model, place.tag, "--dry-run")
    assert [line.split("\t")[:2] for line in done.stdout.splitlines()] == [
        ["layer", "small files"],
        ["layer", "model.safetensors"],
        ["left-out", "onnx/model.onnx"],
        ["left-out", "pytorch_model.bin"],
    ]
    place.run("model", "inspect", place.tag, code=3)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("MODEL",), 2, "Give either a REFERENCE"),
        (("MODEL", "TAG", "--to-layout", "x"), 2, "Give either a REFERENCE"),
        (("MODEL", "no-registry/model:v1"), 3, "not an image reference"),
        (("MODEL", "TAG@sha256:" + "0" * 64), 3, "names a digest"),
        (("nowhere", "TAG"), 3, "There is no model folder"),
        (("s3://bucket/model", "TAG"), 3, "cannot be packaged"),
        (("MODEL", "TAG", "--sign", "absent.key"), 3, "cannot be used"),
        (("MODEL", "TAG", "--base", "ADDRESS/base:v1"), 3, "is not pinned"),
        (("oci://ADDRESS/team/model:v9", "TAG"), 3, "There is no image"),
        (("oci://ADDRESS/team/model:v9", "TAG", "--file-digests"), 2, "copied as it is"),
        (("oci://ADDRESS/team/model:v9", "TAG", "--dry-run"), 2, "--dry-run says nothing"),
    ],
)
def test_what_cannot_be_is_said(place: Place, words: tuple[str, ...], code: int, says: str) -> None:
    known = {"MODEL": str(place.model), "TAG": place.tag, "ADDRESS": place.address}
    text = "\n".join(words)
    for name, value in known.items():
        text = text.replace(name, value)
    done = place.run("package-model", *text.splitlines(), code=code)
    assert says in done.stderr
    assert "fix:" in done.stderr
    assert done.stdout == ""


def test_pickles_alone_are_refused_with_the_reason(place: Place) -> None:
    (place.model / "model.safetensors").unlink()
    done = place.run("package-model", place.model, place.tag, code=3)
    assert "can run any code" in done.stderr
    assert "--allow-pickle" in done.stderr
    place.run("package-model", place.model, place.tag, "--allow-pickle")


def test_hashes_of_a_hubs_cache_are_claimed_and_checked_on_request(place: Place) -> None:
    """A snapshot folder names its repository and commit; its links name the files' hashes."""
    import hashlib

    commit = "c0ffee" * 6 + "abcd"
    home = place.root / "hub" / "models--org--tiny"
    snapshot = home / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (home / "blobs").mkdir()
    for path in place.model.glob("*"):
        if path.is_file():
            name = hashlib.sha256(path.read_bytes()).hexdigest()
            (home / "blobs" / name).write_bytes(path.read_bytes())
            (snapshot / path.name).symlink_to(f"../../blobs/{name}")
    plain = place.run("package-model", place.model, place.tag).stdout
    linked = place.run("package-model", snapshot, place.tag).stdout
    assert linked == plain
    done = place.run("package-model", snapshot, f"{place.address}/other/m:v1", "--file-digests")
    assert done.stdout.partition("@")[2] == plain.partition("@")[2]
    place.run("model", "verify", f"{place.address}/other/m:v1")
    weights = (snapshot / "model.safetensors").resolve()
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    refused = place.run("package-model", snapshot, place.tag, "--file-digests", code=3)
    assert "is not the file that its hub states" in refused.stderr


def test_from_the_hub_to_the_registry_nothing_is_kept(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_hub(small_model(9_000_000)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        place.run("package-model", "hf://org/tiny@main", place.tag, "--sign", place.private)
    assert hub.sent_bytes["model.safetensors"] == len(hub.files["model.safetensors"])
    assert hub.sent_bytes["pytorch_model.bin"] == 0
    shown = json.loads(place.run("model", "inspect", place.tag, "-o", "json").stdout)
    assert shown["annotations"] == {
        "org.opencontainers.image.source": "hf://org/tiny",
        "org.opencontainers.image.revision": COMMIT,
    }
    place.run("model", "verify", place.tag, "--key", place.public)
    assert not list((place.root / "cache").rglob("*.safetensors*"))


def flip_largest(registry: FakeRegistry) -> None:
    """Change one byte of the largest blob behind the registry's back."""
    digest = max(registry.blobs, key=lambda one: len(registry.blobs[one]))
    content = bytearray(registry.blobs[digest])
    content[len(content) // 2] ^= 1
    registry.blobs[digest] = bytes(content)
