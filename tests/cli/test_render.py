"""`render`, `diff --tree` and `explain` as people and machines meet them."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def run(llmplat, tmp_path):
    """`llmplat` beside the smallest example."""
    shutil.copy(EXAMPLES / "cluster-smallest.yaml", tmp_path / "platform.yaml")
    shutil.copy(EXAMPLES / "cluster-smallest.lock.yaml", tmp_path / "platform.lock.yaml")
    return llmplat


def test_the_stream_is_yaml_in_the_order_of_applying(run):
    ran = run("render")
    assert (ran.code, ran.err) == (0, "")
    documents = list(yaml.load_all(ran.out, Loader=yaml.CSafeLoader))
    kinds = [document["kind"] for document in documents]
    assert kinds[:2] == ["AppProject", "Application"]
    assert None not in documents
    assert kinds.index("Namespace") < kinds.index("Deployment")


def test_the_stream_is_the_same_on_a_terminal_and_twice(run):
    assert run("render").out == run("render", terminal=True).out == run("render", "-o", "plain").out


def test_json_has_every_file_and_digest(run):
    document = json.loads(run("render", "-o", "json").out)
    assert document["kind"] == "Rendered"
    assert {"path", "content"} == set(document["files"][0])
    assert {"litellm", "root"} <= {artifact["name"] for artifact in document["artifacts"]}


def test_a_folder_is_written_once_and_then_nothing_changes(run, tmp_path):
    first = run("render", "--out", "tree", terminal=True)
    assert first.code == 0
    assert "files written" in first.out
    assert "unchanged" in run("render", "--out", "tree", terminal=True).out
    assert (tmp_path / "tree" / "root" / "root.yaml").is_file()
    assert run("diff", "--tree", "tree").code == 0


def test_a_foreign_folder_is_refused(run, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "mine.txt").write_text("x")
    ran = run("render", "--out", "tree")
    assert ran.code == 3
    assert "was not written by llmplat" in ran.err
    assert (tmp_path / "tree" / "mine.txt").read_text() == "x"


def test_diff_tells_what_a_change_of_the_file_does(run, tmp_path):
    run("render", "--out", "tree")
    file = tmp_path / "platform.yaml"
    file.write_text(file.read_text().replace("concurrency: 8", "concurrency: 7"))
    ran = run("diff", "--tree", "tree")
    assert ran.code == 8
    assert "Deployment\tmodels-platform\tengine-qwen3-small" in ran.out
    report = json.loads(run("diff", "--tree", "tree", "-o", "json").out)
    changed = {(change["kind"], change["name"]) for change in report["changes"]}
    assert ("apps/Deployment", "engine-qwen3-small") in changed
    assert ("argoproj.io/Application", "root") in changed


def test_diff_with_a_folder_that_is_not_there(run):
    ran = run("diff", "--tree", "nowhere")
    assert ran.code == 3
    assert "There is no folder nowhere" in ran.err


@pytest.mark.parametrize("words", [("render",), ("diff", "--tree", "tree")])
def test_a_platform_on_this_machine_has_no_manifests(llmplat, words):
    ran = llmplat(*words)
    assert ran.code == 5
    assert "no manifests to render" in ran.err


def test_up_without_the_context_in_a_kubeconfig_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))
    ran = run("up", "--yes")
    assert (ran.code, ran.out) == (5, "")
    assert "context" in ran.err


def test_without_a_lock_the_lock_is_asked_for(run, tmp_path):
    (tmp_path / "platform.lock.yaml").unlink()
    ran = run("render")
    assert ran.code == 3
    assert "fix: llmplat lock" in ran.err


def test_a_lock_of_the_files_own_name_goes_first(run, tmp_path):
    (tmp_path / "platform.yaml").rename(tmp_path / "other.yaml")
    (tmp_path / "platform.lock.yaml").rename(tmp_path / "other.lock.yaml")
    assert run("render", "-f", "other.yaml").code == 0


def test_explain_a_component(run):
    ran = run("explain", "kueue", terminal=True)
    assert ran.code == 0
    assert "runs in the layer platform" in ran.out
    assert "wave " in ran.out
    assert json.loads(run("explain", "kueue", "-o", "json").out)["kind"] == "Component"


def test_explain_a_model_from_the_file_to_its_pods(run):
    ran = run("explain", "qwen3-small")
    assert ran.code == 0
    assert "pods\tDeployment models-platform/engine-qwen3-small: 1 pods, 1 GPU each" in ran.out
    assert "platform.yaml:16:5" in ran.out
    document = json.loads(run("explain", "qwen3-small", "-o", "json").out)
    assert document["kind"] == "ModelChain"
    assert document["links"][0]["told"][0]["where"]["line"] == 16


def test_explain_on_this_machine_works_too(llmplat):
    ran = llmplat("explain", "kueue")
    assert ran.code == 0
    assert "one machine has no GPU quota to share out" in ran.out


def test_explain_something_that_is_not_there(run):
    ran = run("explain", "kueu")
    assert ran.code == 3
    assert "did you mean kueue?" in ran.err
