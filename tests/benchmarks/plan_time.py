"""How long the command line takes: `plan` of the default, `--help` against an empty Typer app.

One command, paired runs in turn, medians and ratios:  python tests/benchmarks/plan_time.py [RUNS]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
EMPTY = """
import typer
app = typer.Typer(add_completion=False)

@app.command()
def command() -> None:
    "Do nothing."

app()
"""
FLOOR = """
import pydantic.main, typer, yaml
"""


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY, "utf-8")
        cases = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "empty typer app --help": [sys.executable, str(empty), "--help"],
            "llmplat --help": [sys.executable, "-m", "llmplat", "--help"],
            "import typer, pydantic, yaml": [sys.executable, "-c", FLOOR],
            "llmplat plan": [sys.executable, "-m", "llmplat", "plan", "-o", "json"],
        }
        report(measure(cases, runs, Path(folder)))


def measure(cases: dict[str, list[str]], runs: int, folder: Path) -> dict[str, list[float]]:
    """Seconds of each case; one of each in turn, the first round thrown away."""
    env = {**os.environ, "LLMPLAT_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(HOME)}
    times: dict[str, list[float]] = {name: [] for name in cases}
    for round_number in range(runs + 1):
        for name, argv in cases.items():
            began = time.perf_counter()
            subprocess.run(argv, check=True, capture_output=True, env=env, cwd=folder)
            if round_number:
                times[name].append(time.perf_counter() - began)
    return times


def report(times: dict[str, list[float]]) -> None:
    """Print least and median, then the ratios that matter."""
    for name, seconds in times.items():
        print(f"{name:30} least {min(seconds):.3f} s  median {statistics.median(seconds):.3f} s")
    ratios = [
        help_s / empty_s
        for help_s, empty_s in zip(
            times["llmplat --help"], times["empty typer app --help"], strict=True
        )
    ]
    print(f"--help / empty typer app: median of pairs {statistics.median(ratios):.2f} (goal 1.50)")
    print(f"plan: median {statistics.median(times['llmplat plan']):.3f} s (goal 0.500 s)")


if __name__ == "__main__":
    main()
