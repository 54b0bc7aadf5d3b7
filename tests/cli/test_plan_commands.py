"""`plan`, `list`, `validate` and `diff` as people and machines meet them."""

import json

import pytest

from llmplat.cli.app import run_command

SMALL = """apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: demo
substrate: {local: {}}
models:
  - name: one
    source: demo://smollm2-135m-instruct
    context: 2048
    engine: {kvCacheMemory: 40MiB}
  - name: two
    source: hf://org/name@main
    context: 128
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in and an empty state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMPLAT_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def answer(words, capsys):
    """Exit code and stdout as JSON."""
    code = run_command([*words, "-o", "json"])
    return code, json.loads(capsys.readouterr().out or "null")


def test_plan_of_the_default_as_json(capsys):
    code, document = answer(["plan"], capsys)
    assert code == 0
    assert (document["apiVersion"], document["kind"]) == ("llmplat.dev/v1alpha1", "Plan")
    assert [layer["name"] for layer in document["layers"]][-1] == "llm-gateway"
    (model,) = document["models"]
    assert model["price"]["isEstimate"] is True
    assert model["memory"]["totalBytes"] > model["memory"]["weightsBytes"]
    assert document["engines"][0]["secretEnv"] == [{"env": "VLLM_API_KEY", "secret": "engine-key"}]
    assert document["gateway"]["policy"]["models"]["smollm2-135m"]["capacity"]["running"] == 8


def test_plan_for_people_names_what_matters(capsys):
    assert run_command(["plan", "-o", "human"]) == 0
    text = capsys.readouterr().out
    for word in ("10 platform", "40 llm-gateway", "KV cache", "price", "estimate", "client 660 s"):
        assert word in text
    assert "left out on local" in text
    assert "nothing to keep in sync" in text
    assert "\x1b" not in text


def test_plan_for_pipes_is_one_record_a_line(capsys):
    assert run_command(["plan", "-o", "plain"]) == 0
    records = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert records[0] == ["platform", "demo", "llm-gateway", "local"]
    assert {record[0] for record in records} == {
        "platform", "layer", "component", "model", "tenant", "timeouts", "left-out",
    }  # fmt: skip


def test_plan_with_exit_code_tells_of_changes(capsys):
    assert run_command(["plan", "--exit-code", "-q"]) == 8


def test_plan_changes_nothing(folder):
    run_command(["plan", "-q"])
    run_command(["diff", "-q"])
    left = [path for path in folder.rglob("*") if path.is_file() and ".runs" not in path.parts]
    assert left == []


def test_diff_of_nothing_running(capsys):
    code, document = answer(["diff"], capsys)
    assert code == 8
    assert document["kind"] == "Diff"
    assert {change["act"] for change in document["changes"]} == {"start", "rewrite"}


def test_validate_of_a_good_file(capsys):
    code, document = answer(["validate"], capsys)
    assert (code, document["findings"]) == (0, [])


def test_validate_tells_everything_at_once_with_places(folder, capsys):
    (folder / "platform.yaml").write_text(SMALL, "utf-8")
    code, document = answer(["validate"], capsys)
    assert code == 6
    found = {(f["code"], f["where"]["line"]) for f in document["findings"]}
    assert found == {("fit-impossible", 6), ("lock-missing", 10)}
    assert all(finding["fix"] for finding in document["findings"])


def test_validate_of_a_broken_file_is_input(folder, capsys):
    (folder / "platform.yaml").write_text(SMALL.replace("context", "contxt"), "utf-8")
    assert run_command(["validate", "-o", "json"]) == 3
    error = json.loads(capsys.readouterr().err)
    assert error["exitCode"] == 3


def test_plan_of_what_cannot_be_is_unsatisfiable(folder, capsys):
    (folder / "platform.yaml").write_text(SMALL.partition("  - name: two")[0], "utf-8")
    assert run_command(["plan", "-o", "json"]) == 4
    error = json.loads(capsys.readouterr().err)
    assert error["code"] == "fit-impossible"
    assert error["fix"][0].startswith("set engine.kvCacheMemory: 48MiB")


@pytest.mark.parametrize("kind", ["profiles", "layers", "components", "gpus", "runtimes", "models"])
def test_lists_in_all_formats(kind, capsys):
    code, document = answer(["list", kind], capsys)
    assert code == 0
    assert document["of"] == kind
    run_command(["list", kind, "-o", "plain"])
    assert len(capsys.readouterr().out.splitlines()) == len(document["items"])
    run_command(["list", kind, "-o", "human"])
    assert document["items"][0]["name"] in capsys.readouterr().out


def test_an_unknown_kind_is_usage():
    assert run_command(["list", "nonsense", "-q"]) == 2
