"""How long `validate` takes: the schema phase beside kubeconform, and all of it with 10 models.

One command:  python tests/benchmarks/validate_time.py [RUNS] [MODELS]

The tree is the production example with 1,000 models, rendered once. kubeconform reads the same
schemas, written as strict JSON Schema, and the same folder; the schema phase is a process of its own
too, so both pay for their start. The two run in turn; the ratio is the median of pairs. On a busy
machine the seconds of the processor say more than those of the clock: both are printed. kubeconform is
taken from PATH or built with `go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0`.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from tests.benchmarks.json_schemas import write_json_schemas  # noqa: E402 (the checkout is on the path by now)
from tests.benchmarks.render_time import platform_of  # noqa: E402

KUBECONFORM = "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
KUBERNETES = "1.35"
PHASE = f"""
import sys
from pathlib import Path
from llmplat.adapters.manifest_folder import read_manifests
from llmplat.validate.manifests import check_structure
from llmplat.validate.positions import Positions

manifests = read_manifests(Path(sys.argv[1]))
documents, findings = check_structure(manifests, "{KUBERNETES}", Positions(manifests))
print(len(documents), len([f for f in findings if f.severity == "error"]))
"""


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    models = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {**os.environ, "LLMPLAT_STATE_HOME": f"{name}/state", "PYTHONPATH": str(HOME)}
        whole(folder / "ten", runs, env)
        tree = render(folder / "many", models, env)
        beside_kubeconform(tree, folder, runs, env)


def whole(folder: Path, runs: int, env: dict[str, str]) -> None:
    """All of `llmplat validate` of a rendered `full` with 10 models, and of the file itself."""
    tree = render(folder, 10, env)
    cases = {
        "llmplat validate TREE, 10 models": [*llmplat(), "validate", str(tree)],
        "llmplat validate -f FILE, 10 models": [
            *llmplat(),
            "validate",
            "-f",
            str(folder / "platform.yaml"),
        ],
    }
    for name, spent in in_turn(cases, runs, env).items():
        print(f"{name}: {told(spent)} (goal 3 s)")


def beside_kubeconform(tree: Path, folder: Path, runs: int, env: dict[str, str]) -> None:
    """The schema phase and kubeconform, in pairs."""
    location = write_json_schemas(folder / "schemas", KUBERNETES)
    count = sum(1 for _ in tree.rglob("*.yaml"))
    size = sum(file.stat().st_size for file in tree.rglob("*.yaml"))
    print(f"the tree: {count} files, {size / 1e6:.1f} MB")
    cases = {
        "schema phase": [sys.executable, "-c", PHASE, str(tree)],
        "kubeconform": [kubeconform(folder), "-schema-location", location, "-summary",
                        "-ignore-filename-pattern", "llmplat-tree.json", str(tree)],
    }  # fmt: skip
    times = in_turn(cases, runs, env, show=True)
    for name, spent in times.items():
        print(f"{name}: {told(spent)}")
    pairs = list(zip(*times.values(), strict=True))
    wall, cpu = (statistics.median(ours[i] / theirs[i] for ours, theirs in pairs) for i in (0, 1))
    print(
        f"schema phase / kubeconform, medians of pairs: clock {wall:.2f} (goal 1.20), CPU {cpu:.2f}"
    )


def told(spent: list[tuple[float, float]]) -> str:
    """Seconds of the clock and of the processor."""
    wall, cpu = ([pair[i] for pair in spent] for i in (0, 1))
    return (
        f"median {statistics.median(wall):.2f} s, least {min(wall):.2f} s, "
        f"CPU {statistics.median(cpu):.2f} s"
    )


def render(folder: Path, models: int, env: dict[str, str]) -> Path:
    """A rendered tree of the production example with that many models."""
    text, lock = platform_of(models)
    folder.mkdir()
    (folder / "platform.yaml").write_text(text, "utf-8")
    (folder / "platform.lock.yaml").write_text(lock, "utf-8")
    argv = [
        *llmplat(),
        "render",
        "-q",
        "-f",
        str(folder / "platform.yaml"),
        "--out",
        str(folder / "tree"),
    ]
    subprocess.run(argv, check=True, capture_output=True, env=env)
    return folder / "tree"


def llmplat() -> list[str]:
    """The command, from this checkout."""
    return [sys.executable, "-m", "llmplat"]


def kubeconform(folder: Path) -> str:
    """The program's path; built into `folder` when it is not on PATH."""
    found = shutil.which("kubeconform")
    if found is None:
        env = {**os.environ, "GOBIN": str(folder)}
        subprocess.run(["go", "install", KUBECONFORM], check=True, env=env, cwd=folder)
    return found or str(folder / "kubeconform")


def in_turn(
    cases: dict[str, list[str]], runs: int, env: dict[str, str], *, show: bool = False
) -> dict[str, list[tuple[float, float]]]:
    """Seconds of clock and processor of each case, in turn; the first round is thrown away."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for round_number in range(runs + 1):
        for name, argv in cases.items():
            began, used = time.perf_counter(), children_s()
            ran = subprocess.run(argv, check=True, capture_output=True, env=env, text=True)
            if round_number:
                times[name].append((time.perf_counter() - began, children_s() - used))
            elif show:
                print(f"{name} says: {ran.stdout.strip().splitlines()[-1]}")
    return times


def children_s() -> float:
    """Processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
