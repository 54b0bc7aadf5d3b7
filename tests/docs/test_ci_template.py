"""The CI workflow template: its commands run and do what their step names say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "ci" / "github-actions.yaml"


def steps() -> list[dict[str, str]]:
    workflow = yaml.safe_load(TEMPLATE.read_text())
    return [s for s in workflow["jobs"]["gates"]["steps"] if "llmplat" in s.get("run", "")]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LLMPLAT_STATE_HOME": str(folder / "state"),
        "CI": "true",
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def gates() -> list[str]:
    return [s["run"] for s in steps() if not s["run"].startswith("pip ")]


def test_gates_pass_on_a_good_file(tmp_path: Path) -> None:
    made = run("llmplat init --file platform.yaml", tmp_path)
    assert made.returncode == 0, made.stderr
    for command in gates():
        done = run(command, tmp_path)
        assert done.returncode == 0, (command, done.stderr)
    assert json.loads((tmp_path / "plan.json").read_text())["kind"] == "Plan"


def test_gates_stop_a_bad_file(tmp_path: Path) -> None:
    run("llmplat init --file platform.yaml", tmp_path)
    file = tmp_path / "platform.yaml"
    file.write_text(file.read_text() + "\nunknownKey: 1\n")
    done = run(gates()[0], tmp_path)
    assert done.returncode == 3
    assert "platform.yaml:" in done.stderr


def test_a_fleet_that_does_not_fit_stops_the_change(tmp_path: Path) -> None:
    gate = next(command for command in gates() if "gpu-fit" in command)
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("kind: Fleet\nmodels: [{model: Qwen/Qwen3-8B, gpu: h100-80gb}]\n")
    assert run(gate, tmp_path).returncode == 0
    fleet.write_text("kind: Fleet\nmodels: [{model: Qwen/Qwen3-8B, gpu: l4}]\n")
    done = run(gate, tmp_path)
    assert done.returncode == 4
    assert "does-not-fit" in done.stdout


def test_actions_are_pinned_by_commit() -> None:
    workflow = yaml.safe_load(TEMPLATE.read_text())
    uses = [s["uses"] for s in workflow["jobs"]["gates"]["steps"] if "uses" in s]
    assert uses
    assert all(len(u.partition("@")[2]) == 40 for u in uses)
