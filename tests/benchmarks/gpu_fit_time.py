"""Time of `llmplat gpu-fit` as a whole process: a local configuration, and a search.

    python tests/benchmarks/gpu_fit_time.py [RUNS]

Never part of pass or fail; the bounds it is held against are 0.5 s and 1 s. Processor time is shown
beside the wall clock, since a busy machine lengthens only the latter.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from llmplat.catalog.model_configs import read_bundled

MODEL = "Qwen/Qwen3-32B"


def timed_s(*words: str) -> tuple[float, float]:
    """Wall and processor seconds of one process, start to end."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "llmplat", *words], check=False, stdout=subprocess.DEVNULL
    )
    wall_s, after = time.perf_counter() - started, os.times()
    assert done.returncode in {0, 4}
    spent = after.children_user + after.children_system
    return wall_s, spent - before.children_user - before.children_system


def main() -> None:
    """Print medians against their bounds."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps(dict(read_bundled(MODEL).config)))
        cases = (
            ("version (the floor)", ("version",), None),
            (
                "local config, one GPU",
                ("gpu-fit", str(config), "--gpu", "h100-80gb", "-o", "json"),
                0.5,
            ),
            ("search, all machines", ("gpu-fit", str(config), "-o", "json"), 1.0),
        )
        rows = [[timed_s(*words) for _, words, _ in cases] for _ in range(runs)]
    print(f"{runs} runs each, interleaved; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for (title, _, bound), column in zip(cases, zip(*rows, strict=True), strict=True):
        wall_s, spent_s = (statistics.median(times) for times in zip(*column, strict=True))
        held = "" if bound is None else f"   bound {bound:g} s"
        print(f"{title:24} {wall_s:5.2f} s wall, {spent_s:5.2f} s processor{held}")


if __name__ == "__main__":
    main()
