"""A folder -> the files to pack: links followed, anything odd refused by name."""

import os
from pathlib import Path

import pytest

from llmplat.adapters.pack_members import list_folder
from llmplat.domain.errors import InputError


def test_links_into_a_cache_are_followed(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    (blobs / "abc").write_bytes(b"weights")
    (snapshot / "m.safetensors").symlink_to(blobs / "abc")
    (snapshot / ".cache").mkdir()
    (snapshot / ".gitattributes").write_text("")
    (found,) = list_folder(snapshot)
    assert (found.path, found.member.size_bytes) == ("m.safetensors", 7)
    assert b"".join(found.member.stream(2)) == b"ights"


def test_a_broken_link(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match=r"m\.safetensors") as caught:
        list_folder(tmp_path)
    assert caught.value.why == "it is a link to nothing"


def test_a_folder_that_links_to_itself(tmp_path: Path) -> None:
    (tmp_path / "again").symlink_to(tmp_path)
    with pytest.raises(InputError) as caught:
        list_folder(tmp_path)
    assert "holds it" in str(caught.value.why)


def test_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError) as caught:
        list_folder(tmp_path)
    assert "regular" in str(caught.value.why)


@pytest.mark.parametrize("kind", ["absent", "file"])
def test_no_folder(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "file":
        path.write_text("x")
    with pytest.raises(InputError, match="no model folder"):
        list_folder(path)


@pytest.mark.parametrize("change", ["write", "replace", "remove"])
def test_a_change_is_noticed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"one")
    (found,) = list_folder(tmp_path)
    found.member.check()
    if change == "write":
        path.write_bytes(b"two")
        os.utime(path, ns=(1, 1))
    elif change == "replace":
        (tmp_path / "new").write_bytes(b"one")
        (tmp_path / "new").replace(path)
    else:
        path.unlink()
    with pytest.raises(InputError, match="changed while"):
        found.member.check()
