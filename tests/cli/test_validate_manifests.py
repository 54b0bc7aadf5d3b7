"""`validate DIR` as people, pipes and machines meet it."""

import json
from pathlib import Path

import pytest

GOOD = """apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: b}
data: {key: value}
"""
BAD = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: a
  namespace: b
spec:
  replcas: 1
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      containers:
        - {name: a, image: "example.com/a:latest"}
"""
WARNED = BAD.replace("replcas", "replicas").replace("a:latest", "a:1.2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "manifests"
    place.mkdir()
    return place


def test_a_good_folder(llmplat, folder) -> None:
    (folder / "a.yaml").write_text(GOOD)
    ran = llmplat("validate", str(folder))
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_people_are_told_what_why_and_fix(llmplat, folder) -> None:
    (folder / "a.yaml").write_text(BAD)
    ran = llmplat("validate", str(folder), terminal=True)
    assert ran.code == 6
    assert "a.yaml:7:3" in ran.out
    assert "write replicas" in ran.out
    assert "a.yaml:13:21" in ran.out
    assert "2 errors (1 object in 1 file" in ran.out


def test_pipes_get_one_record_a_finding(llmplat, folder) -> None:
    (folder / "a.yaml").write_text(BAD)
    records = [line.split("\t") for line in llmplat("validate", str(folder)).out.splitlines()]
    assert [r[:3] for r in records] == [
        ["error", "manifest-schema", "a.yaml:7:3"],
        ["error", "check-image-tag", "a.yaml:13:21"],
    ]


def test_machines_get_a_document(llmplat, folder) -> None:
    (folder / "a.yaml").write_text(BAD)
    ran = llmplat("validate", str(folder), "-o", "json")
    document = json.loads(ran.out)
    assert (ran.code, document["kind"], document["objects"]) == (6, "ManifestValidation", 1)
    assert document["findings"][0]["where"] == {"file": "a.yaml", "line": 7, "column": 3}


def test_a_warning_fails_only_when_asked(llmplat, folder) -> None:
    (folder / "a.yaml").write_text(WARNED)
    assert llmplat("validate", str(folder)).code == 0
    assert llmplat("validate", str(folder), "--fail-on", "warning").code == 6


def test_a_stream_and_a_single_file(llmplat, folder) -> None:
    assert llmplat("validate", "-", stdin=GOOD).code == 0
    ran = llmplat("validate", "-", stdin=BAD)
    assert ran.code == 6
    assert "stdin:7:3" in ran.out
    (folder / "a.yaml").write_text(BAD)
    assert llmplat("validate", str(folder / "a.yaml")).code == 6


def test_what_is_not_a_manifest_is_left_out(llmplat, folder) -> None:
    (folder / "kustomization.yaml").write_text("resources: []\n")
    (folder / "readme.md").write_text("a: [\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "a.yaml").write_text(BAD)
    (folder / "a.json").write_text(json.dumps({"apiVersion": "v1", "kind": "ServiceAccount",
                                               "metadata": {"name": "a", "namespace": "b"}}))  # fmt: skip
    assert llmplat("validate", str(folder)).code == 0


def test_a_broken_file_does_not_hide_the_others(llmplat, folder) -> None:
    (folder / "a.yaml").write_text("a: [\n")
    (folder / "b.yaml").write_text(BAD)
    out = llmplat("validate", str(folder)).out
    assert "manifest-unreadable" in out
    assert "manifest-schema" in out


@pytest.mark.parametrize("words", [["nowhere"], [".", "--kubernetes", "1.2"]])
def test_what_cannot_be_checked_is_input(llmplat, folder, words) -> None:
    Path("a.yaml").write_text(GOOD)
    ran = llmplat("validate", *words, "-o", "json")
    assert ran.code == 3
    assert json.loads(ran.err)["fix"]


def test_an_empty_folder_is_input(llmplat, folder) -> None:
    ran = llmplat("validate", str(folder))
    assert ran.code == 3
    assert "no manifests" in ran.err


def test_the_version_decides_what_exists(llmplat, folder) -> None:
    claim = GOOD.replace("v1\nkind: ConfigMap", "resource.k8s.io/v1\nkind: DeviceClass")
    (folder / "a.yaml").write_text(
        claim.replace("namespace: b", "labels: {}").replace("data: {key: value}", "spec: {}")
    )
    assert llmplat("validate", str(folder), "--kubernetes", "1.34").code == 0
    assert llmplat("validate", str(folder), "--kubernetes", "1.33").code == 6


@pytest.mark.parametrize("example", ["smallest", "two-teams", "production"])
def test_a_platform_for_a_cluster_is_rendered_and_checked(llmplat, example) -> None:
    file = Path(__file__).parents[2] / "docs" / "examples" / f"cluster-{example}.yaml"
    for lock in (file.with_suffix(".lock.yaml"),):
        Path("platform.yaml").write_text(file.read_text())
        Path("platform.lock.yaml").write_text(lock.read_text())
    ran = llmplat("validate", "-o", "json")
    document = json.loads(ran.out)
    assert (ran.code, document["kind"]) == (0, "ManifestValidation")
    assert document["objects"] > 100
    assert [f for f in document["findings"] if f["severity"] == "error"] == []
