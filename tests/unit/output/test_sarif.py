"""SARIF: valid by the published schema, a rule for each code, places as code hosts read them."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from llmplat.domain.errors import Finding, Severity, SpecError, Where
from llmplat.domain.places import DOCS
from llmplat.output import as_sarif

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas" / "sarif-2.1.0.reduced.json").read_text()
)
HOME = Path(__file__).parents[3]


def check(document):
    Draft4Validator.check_schema(SCHEMA)
    Draft4Validator(SCHEMA).validate(document)
    return document["runs"][0]


def test_a_finding_with_everything():
    finding = Finding(
        "spec-conflict", "a and b", "because", ("do this", "or that"),
        where=Where("my file.yaml", 4, 7), also=(Where("b.yaml", 2, 1),), severity=Severity.WARNING,
    )  # fmt: skip
    (result,) = check(as_sarif.make_document([finding]))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "my%20file.yaml", "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 4, "startColumn": 7}
    assert result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 2
    assert result["level"] == "warning"
    assert result["message"]["text"] == "a and b\nbecause\nFix: do this\nFix: or that"


def test_nothing_found_is_a_document_too():
    assert check(as_sarif.make_document([]))["results"] == []


def test_each_code_is_one_rule_and_results_point_at_theirs():
    findings = [Finding(code, "x", where=Where("f", line)) for line, code in enumerate("bab", 1)]
    run = check(as_sarif.make_document(findings))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["a", "b"]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == ["b", "a", "b"]


def test_a_moved_line_is_the_same_finding_to_a_code_host():
    prints = [
        check(as_sarif.make_document([Finding("a", "x", where=Where(file, line))]))["results"][0]
        for file, line in (("f", 1), ("f", 9), ("g", 1))
    ]
    one, moved, other = (result["partialFingerprints"]["llmplat/v1"] for result in prints)
    assert one == moved != other


def test_absolute_paths_are_told_from_the_folder_of_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file, told in (
        (tmp_path / "a.yaml", "a.yaml"),
        (Path("/else/b.yaml"), "file:///else/b.yaml"),
    ):
        (result,) = check(
            as_sarif.make_document([Finding("a", "x", where=Where(str(file), 1, 1))])
        )["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == told


def test_an_error_without_findings_is_one():
    (finding,) = as_sarif.findings_of(SpecError("bad", why="so"))
    assert (finding.code, finding.what) == ("spec-invalid", "bad")


@pytest.mark.parametrize(
    ("code", "page", "anchor"),
    [
        ("check-image-tag", "checks", "image-tag"),
        ("manifest-schema", "checks", "schemas-and-values"),
        ("fit-impossible", "errors", "fit-impossible"),
        ("spec-conflict", "platform-file", ""),
        ("slo-unmeasurable", "platform-file", ""),
    ],
)
def test_help_links_lead_to_a_heading(code, page, anchor):
    assert as_sarif.help_uri(code) == f"{DOCS}/reference/{page}/" + (f"#{anchor}" if anchor else "")
    text = (HOME / "docs" / "reference" / f"{page}.md").read_text("utf-8")
    headings = {
        line.lstrip("# ").lower().replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    assert not anchor or anchor in headings
