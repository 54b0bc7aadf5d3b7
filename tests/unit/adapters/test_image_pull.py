"""Images of others and of enemies: what is pulled stays in its folder and is what its digest says."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from llmplat.adapters.image_pull import Pulled, pull_image
from llmplat.domain.errors import DownloadError, InputError
from llmplat.domain.oci import CONFIG, LAYER_TAR, MANIFEST, Descriptor, Digest, Manifest, Reference
from llmplat.pack.image import read_image
from llmplat.pack.verify import verify_image
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.recording_progress import RecordingProgress

PLACE = Reference.parse("registry.test:5000/team/model:v1")


def tar_of(
    *members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT, kind: bytes = b"0"
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(content) if kind == b"0" else 0
            info.linkname = "/etc/passwd" if kind != b"0" else ""
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def image_of(*layers: bytes, media_type: str = LAYER_TAR) -> MemoryRegistry:
    """An image of `layers`, as another tool might have made it."""
    registry = MemoryRegistry()

    def put(content: bytes, kind: str) -> dict[str, object]:
        registry.blobs[Digest.of(content)] = content
        return Descriptor(kind, Digest.of(content), len(content)).document()

    plain = [gzip.decompress(x) if media_type.endswith("gzip") else x for x in layers]
    diff_ids = [str(Digest.of(one)) for one in plain]
    config = {"os": "linux", "architecture": "amd64"}
    config["rootfs"] = {"type": "layers", "diff_ids": diff_ids}
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": put(json.dumps(config).encode(), CONFIG),
        "layers": [put(layer, media_type) for layer in layers],
    }
    registry.push_manifest(Manifest(MANIFEST, json.dumps(document).encode()), "v1")
    return registry


def pull(registry: MemoryRegistry, folder: Path) -> Pulled:
    return pull_image(registry, read_image(registry, PLACE), folder, RecordingProgress())


@pytest.mark.parametrize("name", ["models/a.json", "./models/a.json", "/models/a.json"])
def test_modelcars_of_others_are_read(tmp_path: Path, name: str) -> None:
    layer = gzip.compress(tar_of((name, b"{}"), ("etc/hosts", b"not ours")))
    registry = image_of(layer, media_type=f"{LAYER_TAR}+gzip")
    pulled = pull(registry, tmp_path / "m")
    assert [file.path for file in pulled.files] == ["a.json"]
    assert (tmp_path / "m" / "a.json").read_bytes() == b"{}"
    assert not verify_image(registry, PLACE, None, RecordingProgress()).failed


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("models/../../evil", b"0"),
        ("models/sub/../../../evil", b"0"),
        ("models/link", tarfile.SYMTYPE),
        ("models/hard", tarfile.LNKTYPE),
        ("models/fifo", tarfile.FIFOTYPE),
    ],
)
def test_nothing_leaves_the_folder_and_nothing_but_files_comes(
    tmp_path: Path, name: str, kind: bytes
) -> None:
    registry = image_of(tar_of((name, b"evil"), kind=kind))
    with pytest.raises(DownloadError, match="is not what the image says") as caught:
        pull(registry, tmp_path / "m")
    assert "no plain file" in str(caught.value.why)
    left = {path.name for path in tmp_path.rglob("*")}
    assert left <= {"m", ".llmplat-pull.json"}
    (failed,) = verify_image(registry, PLACE, None, RecordingProgress()).failed
    assert "no plain file" in str(failed.problem)


def test_an_image_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no model"):
        pull(image_of(tar_of(("bin/sh", b"#!"))), tmp_path / "m")


def test_what_is_no_image_says_so(tmp_path: Path) -> None:
    registry = MemoryRegistry()
    registry.push_manifest(Manifest(MANIFEST, b'{"layers": 7}'), "v1")
    with pytest.raises(InputError, match="is no image of a model"):
        pull(registry, tmp_path / "m")


def test_only_the_layer_that_broke_is_fetched_again(tmp_path: Path) -> None:
    first, second = tar_of(("models/a", b"a" * 999)), tar_of(("models/b", b"b" * 999))
    registry = image_of(first, second)
    digest = Digest.of(second)
    registry.blobs[digest] = second.replace(b"b" * 9, b"x" * 9)
    with pytest.raises(DownloadError, match="hash mismatch"):
        pull(registry, tmp_path / "m")
    assert (tmp_path / "m" / "a").is_file()
    assert not (tmp_path / "m" / "b").exists()
    registry.blobs[digest] = second
    registry.streams.clear()
    pulled = pull(registry, tmp_path / "m")
    assert [one for one, _ in registry.streams] == [digest]
    assert pulled.received_bytes == len(second)
    assert hashlib.sha256(b"b" * 999).hexdigest() in {file.sha256 for file in pulled.files}


@pytest.mark.parametrize("kept", [2**20, 3 * 2**20 - 1, 3 * 2**20])
def test_a_begun_file_is_continued_whatever_of_it_is_there(tmp_path: Path, kept: int) -> None:
    content = bytes(range(256)) * (3 * 2**12)
    layer = tar_of(("models/sub/w", content), ("models/x", b"x" * 99))
    registry, folder = image_of(layer), tmp_path / "m"
    (folder / "sub").mkdir(parents=True)
    digest = read_image(registry, PLACE).top.digest
    (folder / ".llmplat-pull.json").write_text(json.dumps({"image": str(digest), "layers": {}}))
    (folder / "sub" / "w.part").write_bytes(content[:kept])
    pulled = pull(registry, folder)
    assert (folder / "sub" / "w").read_bytes() == content
    assert (folder / "x").read_bytes() == b"x" * 99
    assert pulled.received_bytes == len(layer) - kept
    ((_, first),) = registry.streams
    assert first > kept


def test_of_a_compressed_layer_nothing_is_continued(tmp_path: Path) -> None:
    content = bytes(2**21)
    layer = gzip.compress(tar_of(("models/w", content)))
    registry, folder = image_of(layer, media_type=f"{LAYER_TAR}+gzip"), tmp_path / "m"
    folder.mkdir()
    digest = read_image(registry, PLACE).top.digest
    (folder / ".llmplat-pull.json").write_text(json.dumps({"image": str(digest), "layers": {}}))
    (folder / "w.part").write_bytes(content[: 2**20])
    pull(registry, folder)
    assert registry.streams == [(Digest.of(layer), 0)]
    assert (folder / "w").read_bytes() == content
