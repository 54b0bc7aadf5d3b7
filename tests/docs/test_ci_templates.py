"""The GitHub action and the GitLab template: they parse, and their scripts do what they say."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft4Validator

from tests.docs.ci_folder import FITS, FITS_NOT, break_platform, run

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
GITLAB = yaml.safe_load((ROOT / "templates" / "ci" / "gitlab-ci.yaml").read_text("utf-8"))
SCHEMA = json.loads((ROOT / "tests" / "schemas" / "sarif-2.1.0.reduced.json").read_text("utf-8"))


def action(folder: Path, **inputs: str) -> tuple[int, dict[str, dict]]:
    """The exit code of the action's check, and the SARIF documents that it names."""
    (check,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "check"]
    given = {name: row["default"] for name, row in ACTION["inputs"].items()} | inputs
    env = {
        key: given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for key, value in check["env"].items()
    }
    output = folder / "github-output"
    done = run(check["run"], folder, GITHUB_OUTPUT=str(output), **env)
    at = Path(output.read_text().strip().removeprefix("folder="))
    found = {file.stem: json.loads(file.read_text()) for file in at.glob("*.sarif")}
    for document in found.values():
        Draft4Validator(SCHEMA).validate(document)
    return done.returncode, found


def test_the_action_passes_a_good_file_and_tells_it(folder: Path) -> None:
    code, found = action(folder)
    assert code == 0
    assert list(found) == ["platform"]


def test_the_action_fails_and_tells_where(folder: Path) -> None:
    break_platform(folder)
    (folder / "fleet.yaml").write_text(FITS_NOT)
    code, found = action(folder)
    assert code == 4
    rules = {name: [r["ruleId"] for r in d["runs"][0]["results"]] for name, d in found.items()}
    assert rules["gpu-fit"] == ["fit-impossible"]
    assert "spec-unknown-key" in rules["platform"]


def test_the_action_is_a_composite_without_other_actions() -> None:
    assert ACTION["runs"]["using"] == "composite"
    steps = ACTION["runs"]["steps"]
    assert all(step["shell"] == "bash" for step in steps)
    # An input inside a script would be run as part of it.
    assert not any("${{" in step["run"] for step in steps)


def job(name: str) -> str:
    return "\n".join(GITLAB[name]["script"])


def gitlab(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run(job(name), folder, **GITLAB["variables"])


def test_gitlab_passes_and_reports(folder: Path) -> None:
    done = gitlab("llmplat-validate", folder)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads((folder / "validate.codequality.json").read_text()), list)


def test_gitlab_fails_with_the_place_in_its_report(folder: Path) -> None:
    break_platform(folder)
    assert gitlab("llmplat-validate", folder).returncode == 3
    Draft4Validator(SCHEMA).validate(json.loads((folder / "validate.sarif").read_text()))
    rows = json.loads((folder / "validate.codequality.json").read_text())
    lines = (folder / "platform.yaml").read_text().splitlines()
    assert any(
        lines[row["location"]["lines"]["begin"] - 1].startswith("unknownKey") for row in rows
    )
    assert all(row["location"]["path"] == "platform.yaml" for row in rows)
    assert {"description", "check_name", "fingerprint", "severity", "location"} == set(rows[0])


@pytest.mark.parametrize(("fleet", "code"), [(FITS, 0), (FITS_NOT, 4), (None, 0)])
def test_gitlab_gates_the_fleet(folder: Path, fleet: str | None, code: int) -> None:
    if fleet is not None:
        (folder / "fleet.yaml").write_text(fleet)
    assert gitlab("llmplat-gpu-fit", folder).returncode == code


def test_gitlab_keeps_what_it_wrote() -> None:
    for name in ("llmplat-validate", "llmplat-gpu-fit"):
        artifacts = GITLAB[name]["artifacts"]
        assert artifacts["when"] == "always"
        assert all(path in job(name) for path in artifacts["paths"])
