"""Reading manifests: Go's scalars, many documents, and files that mean harm."""

import gc
import sys

import pytest

from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import read_all
from llmplat.validate.manifests import check_manifests
from llmplat.validate.positions import Positions
from llmplat.validate.scalars import plain_scalar


def read(text):
    documents, findings = read_all([Manifest("a.yaml", text)])
    return [one.value for one in documents], findings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("no", False), ("on", True), ("Off", False), ("y", True), ("true", True),
        ("~", None), ("null", None), ("", None), ("12", 12), ("-3", -3), ("1_000", 1000),
        ("0x1F", 31), ("0b101", 5), ("010", 8), ("0o17", 15), ("1.5", 1.5), ("1e3", 1000.0),
        (".5", 0.5), ("12:30", "12:30"), ("1.2.3", "1.2.3"), ("=", "="), ("2026-01-01", "2026-01-01"),
        ("-", "-"), ("+", "+"), ("089", 89.0), ("100m", "100m"), ("yesterday", "yesterday"),
    ],
)  # fmt: skip
def test_plain_scalars_are_read_as_go_reads_them(text, value):
    assert plain_scalar(text) == value
    assert type(plain_scalar(text)) is type(value)


def test_quoted_scalars_are_texts():
    assert read("a: 'yes'\nb: \"1\"\nc: |\n  on\n") == ([{"a": "yes", "b": "1", "c": "on\n"}], [])


def test_a_stream_of_documents_and_lists():
    values, _ = read("a: 1\n---\n# nothing\n---\nkind: List\nitems: [{a: 2}, {a: 3}]\n")
    assert values == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_json_is_yaml():
    assert read('{"a": {"b": [1, true, null]}}')[0] == [{"a": {"b": [1, True, None]}}]


def test_aliases_and_merge_keys():
    text = "base: &b {x: 1, y: 1}\none: {<<: *b, y: 2}\nmany: {<<: [*b, {z: 3}]}\n"
    (value,), _ = read(text)
    assert value["one"] == {"x": 1, "y": 2}
    assert value["many"] == {"x": 1, "y": 1, "z": 3}


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("a: 1\na: 2\n", "there twice", 2),
        ("a: !!python/object:os.system x\n", "tag", 1),
        ("a: &a [*a]\n", "contains itself", 1),
        ("a: {b: 1\n", "did not find", 2),
        ("? [a]\n: b\n", "key must be a text", 1),
        ("[" * 5000 + "]" * 5000, "nested deeper", 0),
        ("\x01", "unacceptable character", 0),
        ("a: 1\n{{ if }}\n", "", 3),
        ("a: {<<: 1}\n", "needs a mapping", 1),
    ],
)
def test_what_is_no_manifest_is_told_with_its_place(text, words, line):
    _, (finding,) = read(text)
    assert finding.code == "manifest-unreadable"
    assert words in finding.what
    assert (finding.where.line if finding.where else 0) == line
    assert finding.fix


def test_aliases_cannot_grow_a_file():
    lines = ["a0: &a0 [1, 2]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    _, (finding,) = read("\n".join(lines))
    assert "grow" in finding.what


def test_what_stands_before_a_broken_document_is_kept():
    values, findings = read("a: 1\n---\nb: [\n")
    assert values == [{"a": 1}]
    assert len(findings) == 1


def test_the_collector_runs_again_afterwards():
    for text in ("kind: X\napiVersion: v1\n", "[", "a: &a [*a]\n"):
        check_manifests("a", [Manifest("a.yaml", text)], "1.36")
        assert gc.isenabled()


def test_a_deep_file_leaves_the_interpreter_alone():
    assert read("a:\n" + "".join(" " * n + "a:\n" for n in range(1, 400)))[1]
    assert sys.getrecursionlimit() >= 1000


def test_positions_of_keys_list_entries_and_later_documents():
    text = "a: 1\n---\nspec:\n  ports:\n    - name: x\n    - name: y\n      port: 1\n"
    manifest = Manifest("f.yaml", text)
    documents, _ = read_all([manifest])
    positions = Positions([manifest])
    where = positions.where(documents[1], ("spec", "ports", 1, "port"))
    assert str(where) == "f.yaml:7:7"
    assert str(positions.where(documents[1], ("spec", "ports", 1))) == "f.yaml:6:7"
    assert str(positions.where(documents[1], ("spec", "missing", "deeper"))) == "f.yaml:3:1"


def test_positions_inside_a_list_object():
    manifest = Manifest("f.yaml", "kind: List\nitems:\n- a: 1\n- b: 2\n")
    documents, _ = read_all([manifest])
    assert str(Positions([manifest]).where(documents[1], ("b",))) == "f.yaml:4:3"
