"""Measures our gateway against the same LiteLLM without it, side by side on one stub engine.

    LLMPLAT_TEST_LITELLM_PYTHON=.../python python tests/benchmarks/gateway_overhead.py

Five interleaved pairs, one worker each; prints the medians and their ratios. Wanted: p50 at most
1.10 x or 3 ms more, requests a second at concurrency 32 at least 0.85 x. One worker is one thread,
so the processor time a request takes says the same and is steadier on a busy machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from gateway_world import (  # found by the line above
    MASTER_KEY,
    World,
    make_model,
    make_policy,
    make_tenant,
)

_LOAD = Path(__file__).with_name("gateway_load.py")
_CASES = {
    "one at a time": ["--concurrency", "1"],
    "32 at a time": ["--concurrency", "32"],
    "streamed, 8 at a time": ["--concurrency", "8", "--stream"],
}
_FIGURES = ("p50_ms", "requests_per_s", "cpu_ms")


@dataclass(frozen=True)
class Side:
    """One of the two that are compared."""

    port: int
    model: str
    key: str
    process: psutil.Process


def measure(side: Side, words: list[str], requests: int) -> dict[str, Any]:
    """One run of the load generator, in its own process; processor time in ms per request."""
    argv = [sys.executable, str(_LOAD), "--port", str(side.port), "--model", side.model]
    argv += ["--requests", str(requests), *words]
    env = {"PATH": os.environ["PATH"], "LOAD_KEY": side.key}
    before_s = sum(side.process.cpu_times()[:2])
    done = subprocess.run(argv, env=env, capture_output=True, check=True)
    spent_s = sum(side.process.cpu_times()[:2]) - before_s
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["served"] == requests, result
    return result | {"cpu_ms": spent_s * 1000 / requests}


def build(world: World) -> dict[str, Side]:
    """Our gateway and the bare LiteLLM over one stub engine."""
    world.start_redis()
    engine = world.start_engine("--ttft-ms", "3", "--itl-ms", "0", "--slots", "256")
    world.policy = make_policy({"stub": make_model()}, {"team": make_tenant()})
    world.write_policy()
    world.write_litellm({"stub": [engine]})
    key = world.add_key("team", "app")
    guarded = world.start_gateway()
    text = (world.folder / "litellm.yaml").read_text()
    kept = [line for line in text.splitlines() if "llmplat.gateway" not in line]
    bare = [line for line in kept if "callbacks:" not in line]
    (world.folder / "litellm.yaml").write_text("\n".join(bare) + "\n")
    plain = world.start_gateway(app="litellm.proxy.proxy_server:app")
    pids = [psutil.Process(child.process.pid) for _, child in world.gateways]
    return {
        "with": Side(guarded, "stub", key, pids[0]),
        "without": Side(plain, "stub@0", MASTER_KEY, pids[1]),
    }


def compare(case: str, words: list[str], sides: dict[str, Side], pairs: int, requests: int) -> None:
    """Prints the medians of one case."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for side in sides.values():
        measure(side, words, 32)
    for pair in range(pairs):
        for name in list(sides) if pair % 2 else list(sides)[::-1]:
            runs[name].append(measure(sides[name], words, requests))
    for figure in _FIGURES:
        ours, theirs = ([run[figure] for run in runs[name]] for name in ("with", "without"))
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        one, other = statistics.median(ours), statistics.median(theirs)
        print(
            f"{case:22} {figure:15} with {one:8.2f}  without {other:8.2f}"
            f"  ratio {one / other:.3f}  difference {one - other:+.2f}"
            f"  pairs {min(ratios):.3f} to {max(ratios):.3f}",
            flush=True,
        )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--litellm-python", default=os.environ.get("LLMPLAT_TEST_LITELLM_PYTHON"))
    options = parser.parse_args()
    if not options.litellm_python:
        parser.error("say where LiteLLM is: --litellm-python or LLMPLAT_TEST_LITELLM_PYTHON")
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), Path(options.litellm_python))
        try:
            sides = build(world)
            for case, words in _CASES.items():
                compare(case, words, sides, options.pairs, options.requests)
        finally:
            world.end()


if __name__ == "__main__":
    main()
