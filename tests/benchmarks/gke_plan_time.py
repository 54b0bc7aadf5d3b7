"""How long the offline plan of a three-pool platform on GKE takes, profile `full`; the aim is 8 s.

One command:  LLMPLAT_GKE_PYTHON=... python tests/benchmarks/gke_plan_time.py [RUNS]

The example gke-two-teams with profile `full`: the whole command with the program under mocks, and
the program alone. Without credentials; the child gets none of the caller's environment.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
EXAMPLE = HOME / "docs" / "examples" / "gke-two-teams"


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        text = EXAMPLE.with_suffix(".yaml").read_text("utf-8")
        text = text.replace("name: two-teams\n", "name: two-teams\nprofile: full\n", 1)
        (Path(folder) / "platform.yaml").write_text(text, "utf-8")
        lock = EXAMPLE.with_suffix(".lock.yaml").read_text("utf-8")
        (Path(folder) / "platform.lock.yaml").write_text(lock, "utf-8")
        env = {**os.environ, "LLMPLAT_STATE_HOME": f"{folder}/state", "PYTHONPATH": str(HOME)}
        plan = [sys.executable, "-m", "llmplat", "plan", "-o", "json"]
        page = json.loads(measured("llmplat plan", plan, "", runs, env, folder))
        print(
            f"pools: {len(page['gke']['inputs']['pools'])}, resources: {len(page['gke']['resources'])}"
        )
        python = os.environ.get("LLMPLAT_GKE_PYTHON", sys.executable)
        alone = [python, "-m", "infra.under_mocks", "gke"]
        measured(
            "the program alone", alone, json.dumps(page["gke"]["inputs"]), runs, env, str(HOME)
        )


def measured(
    name: str, argv: list[str], text: str, runs: int, env: dict[str, str], folder: str
) -> str:
    """Run `argv` once unmeasured, then `runs` times; the last output."""
    walls, cpu, out = [], [], ""
    for at in range(runs + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, check=True, env=env, cwd=folder
        )
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        out = done.stdout
        if at:
            walls.append(wall)
            cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    load = os.getloadavg()[0]
    print(
        f"{name}: median {statistics.median(walls):.2f} s, least {min(walls):.2f} s, most "
        f"{max(walls):.2f} s, CPU {min(cpu):.2f} s (load of the machine {load:.1f})"
    )
    return out


if __name__ == "__main__":
    main()
