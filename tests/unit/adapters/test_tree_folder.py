"""A folder of manifests is replaced as a whole, and only when llmplat wrote it."""

import hashlib
import json

import pytest

from llmplat.adapters import tree_folder
from llmplat.adapters.tree_folder import read_folder, replace_folder
from llmplat.domain.errors import InputError, PreconditionError
from llmplat.domain.manifest import Manifest

MARKER = "marker.json"


def tree(**files):
    made = [Manifest(path.replace("__", "/") + ".yaml", text) for path, text in files.items()]
    hashes = {f.path: hashlib.sha256(f.content.encode()).hexdigest() for f in made}
    return (*made, Manifest(MARKER, json.dumps({"files": hashes})))


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()
    }


def names(folder):
    return [path.name for path in folder.iterdir()]


ONE, TWO = tree(a="a: 1\n", b__c="c: 1\n"), tree(a="a: 2\n")


def test_a_new_folder_holds_exactly_the_files(tmp_path):
    folder = tmp_path / "deep" / "out"
    assert replace_folder(folder, ONE, MARKER) is True
    assert content(folder) == {f.path: f.content for f in ONE}
    assert names(folder.parent) == ["out"]


def test_the_same_again_changes_nothing(tmp_path):
    replace_folder(tmp_path / "out", ONE, MARKER)
    before = (tmp_path / "out").stat().st_ino
    assert replace_folder(tmp_path / "out", ONE, MARKER) is False
    assert (tmp_path / "out").stat().st_ino == before


def test_files_that_are_gone_are_gone(tmp_path):
    replace_folder(tmp_path / "out", ONE, MARKER)
    assert replace_folder(tmp_path / "out", TWO, MARKER) is True
    assert content(tmp_path / "out") == {f.path: f.content for f in TWO}
    assert names(tmp_path) == ["out"]


def test_an_empty_folder_may_be_taken(tmp_path):
    (tmp_path / "out").mkdir()
    assert replace_folder(tmp_path / "out", ONE, MARKER) is True


def test_a_foreign_folder_is_refused_and_untouched(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError) as caught:
        replace_folder(tmp_path, ONE, MARKER)
    assert "was not written by llmplat" in caught.value.what
    assert content(tmp_path) == {"notes.txt": "mine"}


@pytest.mark.parametrize("change", ["edit", "add", "remove", "marker"])
def test_a_folder_changed_by_hand_is_refused_and_untouched(tmp_path, change):
    out = tmp_path / "out"
    replace_folder(out, ONE, MARKER)
    if change == "edit":
        (out / "a.yaml").write_text("a: 3\n")
    elif change == "add":
        (out / "own.yaml").write_text("x: 1\n")
    elif change == "remove":
        (out / "a.yaml").unlink()
    else:
        (out / MARKER).write_text("{")
    before = content(out)
    with pytest.raises(InputError, match="changed by hand"):
        replace_folder(out, TWO, MARKER)
    assert content(out) == before


def test_a_failure_halfway_leaves_the_old_folder(tmp_path, monkeypatch):
    replace_folder(tmp_path / "out", ONE, MARKER)

    def fail(aside, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tree_folder, "_exchange", fail)
    with pytest.raises(PreconditionError, match="cannot be written") as caught:
        replace_folder(tmp_path / "out", TWO, MARKER)
    assert caught.value.why == "No space left on device"
    assert content(tmp_path / "out") == {f.path: f.content for f in ONE}
    assert names(tmp_path) == ["out"]


def test_without_exchange_two_renames_do_it(tmp_path, monkeypatch):
    replace_folder(tmp_path / "out", ONE, MARKER)
    monkeypatch.setattr(tree_folder.ctypes, "CDLL", lambda *_, **__: object())
    assert replace_folder(tmp_path / "out", TWO, MARKER) is True
    assert content(tmp_path / "out") == {f.path: f.content for f in TWO}
    assert names(tmp_path) == ["out"]


def test_a_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    replace_folder(tmp_path / "link", ONE, MARKER)
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "real") == {f.path: f.content for f in ONE}


def test_reading_skips_hidden_folders_and_other_files(tmp_path):
    replace_folder(tmp_path / "out", ONE, MARKER)
    (tmp_path / "out" / ".git").mkdir()
    (tmp_path / "out" / ".git" / "x.yaml").write_text("x: 1\n")
    (tmp_path / "out" / "README.md").write_text("hello")
    assert {f.path for f in read_folder(tmp_path / "out")} == {f.path for f in ONE}


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        read_folder(tmp_path / "nowhere")
