"""`-o sarif`: what validate and gpu-fit find, with file, line and column; elsewhere a usage error."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

HOME = Path(__file__).parents[2]
SCHEMA = json.loads((HOME / "tests" / "schemas" / "sarif-2.1.0.reduced.json").read_text("utf-8"))


def results(ran):
    document = json.loads(ran.out)
    Draft4Validator(SCHEMA).validate(document)
    return document["runs"][0]["results"]


def place(result):
    found = result["locations"][0]["physicalLocation"]
    region = found.get("region", {})
    return found["artifactLocation"]["uri"], region.get("startLine"), region.get("startColumn")


def test_a_wrong_file_is_told_at_its_lines(llmplat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("platform.yaml").write_text(
        "apiVersion: llmplat.dev/v1alpha1\nkind: Platform\nname: x\nsubstrate: {local: {}}\nnoSuch: 1\n"
        "models:\n  - {name: m, source: demo://smollm2-135m-instruct, contxt: 5}\n"
    )
    ran = llmplat("validate", "-f", "platform.yaml", "-o", "sarif")
    assert ran.code == 3
    lines = Path("platform.yaml").read_text().splitlines()
    column = lines[6].index("contxt") + 1
    assert [place(one) for one in results(ran)] == [
        ("platform.yaml", 5, 1),
        ("platform.yaml", 7, column),
    ]
    assert "noSuch" in ran.err


def test_a_target_that_no_bucket_measures_names_the_nearest(llmplat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (HOME / "docs" / "examples" / "cluster-production.yaml").read_text("utf-8")
    Path("platform.yaml").write_text(text.replace("within: 1s", "within: 800ms"))
    ran = llmplat("validate", "-f", "platform.yaml", "-o", "sarif")
    (result,) = results(ran)
    assert (ran.code, result["ruleId"], result["level"]) == (3, "slo-unmeasurable", "error")
    assert "Fix: within: 750ms" in result["message"]["text"]
    line = Path("platform.yaml").read_text().splitlines()[place(result)[1] - 1]
    assert "within: 800ms" in line


def test_manifests(llmplat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {prts: []}\n"
    )
    ran = llmplat("validate", "m.yaml", "-o", "sarif")
    assert ran.code == 6
    assert ("manifest-schema", "m.yaml") in {(one["ruleId"], place(one)[0]) for one in results(ran)}


def test_a_fleet_is_told_at_each_model(llmplat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fleet.yaml").write_text(
        "kind: Fleet\nmodels:\n  - {model: Qwen/Qwen3-8B, gpu: h100-80gb}\n  - {model: Qwen/Qwen3-8B, gpu: l4}\n"
    )
    ran = llmplat("gpu-fit", "-f", "fleet.yaml", "-o", "sarif")
    assert ran.code == 4
    (result,) = results(ran)
    assert (result["ruleId"], place(result)[:2]) == ("fit-impossible", ("fleet.yaml", 4))


def test_nothing_found(llmplat):
    assert results(llmplat("gpu-fit", "Qwen/Qwen3-8B", "--gpu", "h100-80gb", "-o", "sarif")) == []


@pytest.mark.parametrize("call", [["version"], ["list", "gpus"]], ids=" ".join)
def test_what_has_no_findings_says_so(llmplat, call):
    ran = llmplat(*call, "-o", "sarif")
    assert (ran.code, ran.out) == (2, "")
    assert "no SARIF" in ran.err
