"""How long a cluster's platform takes: plan and render of `full` with 10 models, then 100 and 1,000.

One command:  python tests/benchmarks/render_time.py [RUNS]

In process: catalogue and file are read before the clock starts. As a command: `llmplat render`
from nothing, with the stream thrown away. Linear means: the seconds of one model stay the same.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from llmplat.catalog.load import load_catalog  # noqa: E402 (the checkout is on the path by now)
from llmplat.plan.make import make_plan  # noqa: E402
from llmplat.render.tree import make_tree  # noqa: E402
from llmplat.spec.load import parse_platform  # noqa: E402
from llmplat.spec.lock import LockedModel, dump_lock, parse_lock  # noqa: E402

EXAMPLE = HOME / "docs" / "examples" / "cluster-production"
OWNERS = ("platform", "team-a", "team-b")


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    catalog = load_catalog(HOME)
    for count, times in ((10, runs), (100, max(1, runs // 3)), (1000, 1)):
        text, lock_text = platform_of(count)
        platform = parse_platform(text, "platform.yaml").platform
        lock = parse_lock(lock_text, "platform.lock.yaml")
        seconds, cpu = [], []
        for _ in range(times + (count < 1000)):
            began, cpu_began = time.perf_counter(), time.process_time()
            tree = make_tree(make_plan(platform, lock, catalog), catalog)
            seconds.append(time.perf_counter() - began)
            cpu.append(time.process_time() - cpu_began)
        seconds = seconds[1:] if count < 1000 else seconds
        print(
            f"{count:5} models in process: median {statistics.median(seconds):.3f} s, "
            f"least {min(seconds):.3f} s, CPU {min(cpu):.3f} s ({min(cpu) / count * 1000:.1f} ms a model), "
            f"{len(tree.files)} files"
        )
    as_command(runs)


def as_command(runs: int) -> None:
    """`llmplat render` with 10 models, and the interpreter alone beside it."""
    with tempfile.TemporaryDirectory() as folder:
        text, lock_text = platform_of(10)
        (Path(folder) / "platform.yaml").write_text(text, "utf-8")
        (Path(folder) / "platform.lock.yaml").write_text(lock_text, "utf-8")
        env = {**os.environ, "LLMPLAT_STATE_HOME": f"{folder}/state", "PYTHONPATH": str(HOME)}
        cases = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "llmplat render": [sys.executable, "-m", "llmplat", "render"],
        }
        times: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(runs + 1):
            for name, argv in cases.items():
                began = time.perf_counter()
                subprocess.run(argv, check=True, capture_output=True, env=env, cwd=folder)
                times[name].append(time.perf_counter() - began)
        for name, found in times.items():
            kept = found[1:]
            seconds = f"median {statistics.median(kept):.3f} s, least {min(kept):.3f} s"
            print(f"{name}: {seconds}, CPU {cpu_of(cases[name], env, folder):.3f} s")


def cpu_of(argv: list[str], env: dict[str, str], folder: str) -> float:
    """CPU seconds of one run: what is left of it on a busy machine."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, capture_output=True, env=env, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def platform_of(count: int) -> tuple[str, str]:
    """The production example, profile full, with `count` models of three owners, and its lock."""
    text = EXAMPLE.with_suffix(".yaml").read_text("utf-8")
    before, _, rest = text.partition("models:\n")
    after = rest[rest.index("\ntenants:") :]
    before = before.replace("max: 8}", f"max: {max(8, count)}}}").replace(
        "modelRepository", "modelRepository"
    )
    models = "".join(
        f"  - {{name: model-{i}, owner: {OWNERS[i % 3]}, source: 'hf://Qwen/Qwen3-8B@main', "
        "package: true, gpu: l4, context: 4096, concurrency: 4, replicas: {min: 1, max: 2}}\n"
        for i in range(count)
    )
    after = after.replace("gpuQuota: 4", f"gpuQuota: {count * 2}").replace(
        "gpuQuota: 2\n", f"gpuQuota: {count * 2}\n"
    )
    after = after.replace("models: [assistant]", "models: [model-0]")
    lock = parse_lock(EXAMPLE.with_suffix(".lock.yaml").read_text("utf-8"), "lock")
    like = next(model for model in lock.models if model.name == "writer")
    return f"{before}models:\n{models}{after}", dump_lock(
        lock.model_copy(update={"models": tuple(_locked(like, i) for i in range(count))})
    )


def _locked(like: LockedModel, index: int) -> LockedModel:
    name = f"model-{index}"
    image = f"{like.image}".replace("/writer@", f"/{name}@")
    return like.model_copy(update={"name": name, "image": image})


if __name__ == "__main__":
    main()
