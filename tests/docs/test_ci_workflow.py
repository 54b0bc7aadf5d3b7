"""The CI workflow template: its commands run and do what their step names say."""

import json
from pathlib import Path

import yaml

from tests.docs.ci_folder import FITS, FITS_NOT, break_platform, run

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "ci" / "github-actions.yaml"


def steps() -> list[dict[str, str]]:
    workflow = yaml.safe_load(TEMPLATE.read_text())
    return [s for s in workflow["jobs"]["gates"]["steps"] if "llmplat" in s.get("run", "")]


def gates() -> list[str]:
    return [s["run"] for s in steps() if not s["run"].startswith("pip ")]


def test_gates_pass_on_a_good_file(folder: Path) -> None:
    for command in gates():
        done = run(command, folder)
        assert done.returncode == 0, (command, done.stderr)
    assert json.loads((folder / "plan.json").read_text())["kind"] == "Plan"


def test_gates_stop_a_bad_file(folder: Path) -> None:
    break_platform(folder)
    done = run(gates()[0], folder)
    assert done.returncode == 3
    assert "platform.yaml:" in done.stderr


def test_a_fleet_that_does_not_fit_stops_the_change(tmp_path: Path) -> None:
    gate = next(command for command in gates() if "gpu-fit" in command)
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(FITS)
    assert run(gate, tmp_path).returncode == 0
    fleet.write_text(FITS_NOT)
    done = run(gate, tmp_path)
    assert done.returncode == 4
    assert "does-not-fit" in done.stdout


def test_actions_are_pinned_by_commit() -> None:
    workflow = yaml.safe_load(TEMPLATE.read_text())
    uses = [s["uses"] for s in workflow["jobs"]["gates"]["steps"] if "uses" in s]
    assert uses
    assert all(len(u.partition("@")[2]) == 40 for u in uses)
