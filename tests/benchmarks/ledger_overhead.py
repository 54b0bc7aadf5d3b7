"""Measures what the record of requests costs a request: our gateway with it and without, side by side.

    LLMPLAT_TEST_LITELLM_PYTHON=.../python python tests/benchmarks/ledger_overhead.py

Two gateways over one stub engine and one Redis, each with a policy of its own: one keeps records, one
does not. Interleaved pairs; prints the medians. Wanted: p50 at most 1.05 x, or 1 ms more. With --quick
over a stand-in for LiteLLM and engine: less noise, and the milliseconds are the ledger's all the same.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import psutil
from gateway_overhead import Side, compare

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from gateway_world import (
    QUICK,
    World,
    make_model,
    make_policy,
    make_tenant,
)  # found by the line above

_CASES = {
    "one at a time": ["--concurrency", "1"],
    "8 at a time": ["--concurrency", "8"],
}


def build(folder: Path, python: Path, app: str) -> tuple[list[World], dict[str, Side]]:
    """The two gateways; the second world shares the first one's Redis and engine."""
    worlds: list[World] = []
    sides: dict[str, Side] = {}
    for name in ("with", "without"):
        place = folder / name
        place.mkdir()
        world = World(place, python)
        worlds.append(world)
        if name == "with":
            world.start_redis()
            # As the product sets it; else each call would measure the disk.
            world.redis_command("CONFIG", "SET", "appendfsync", "everysec")
            world.start_engine("--ttft-ms", "3", "--itl-ms", "0", "--slots", "256")
        else:
            world.redis_port = worlds[0].redis_port
        world.policy = make_policy({"stub": make_model()}, {"team": make_tenant()})
        world.policy["platform"] = name
        if name == "without":
            world.policy["ledger"] = None
        world.write_policy()
        world.write_litellm({"stub": worlds[0].engines})
        key = world.add_key("team", "app")
        port = world.start_gateway(app=app)
        sides[name] = Side(port, "stub", key, psutil.Process(world.gateways[0][1].process.pid))
    return worlds, sides


def main() -> None:
    """Prints the table, and whether the records are all there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--litellm-python", default=os.environ.get("LLMPLAT_TEST_LITELLM_PYTHON"))
    options = parser.parse_args()
    if not options.litellm_python:
        parser.error("say where LiteLLM is: --litellm-python or LLMPLAT_TEST_LITELLM_PYTHON")
    with tempfile.TemporaryDirectory() as folder:
        worlds: list[World] = []
        try:
            app = QUICK if options.quick else "llmplat.gateway.asgi:app"
            worlds, sides = build(Path(folder), Path(options.litellm_python), app)
            for case, words in _CASES.items():
                compare(case, words, sides, options.pairs, options.requests)
            wanted = len(_CASES) * (options.pairs * options.requests + 32)
            worlds[0].wait_until(lambda: len(worlds[0].read_records()) == wanted, 20, 0.5)
            print(f"{wanted} requests, {wanted} records")
        finally:
            for world in worlds[::-1]:
                world.end()


if __name__ == "__main__":
    main()
