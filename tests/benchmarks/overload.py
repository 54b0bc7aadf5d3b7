"""Offers ten times what a model can do and counts: sent = served + refused, refused at once, nothing hangs.

LLMPLAT_TEST_LITELLM_PYTHON=.../python python tests/benchmarks/overload.py [--workers 2]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from gateway_world import World, make_model, make_policy, make_tenant  # found by the line above

_LOAD = Path(__file__).with_name("gateway_load.py")
_RUNNING, _WAITING, _TOKENS, _ITL_MS, _TTFT_MS = 4, 4, 16, 50, 200
_CAPACITY_PER_S = _RUNNING / ((_TTFT_MS + _TOKENS * _ITL_MS) / 1000)


def main() -> None:
    """Prints what happened and whether it is what was wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--times", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--litellm-python", default=os.environ.get("LLMPLAT_TEST_LITELLM_PYTHON"))
    options = parser.parse_args()
    if not options.litellm_python:
        parser.error("say where LiteLLM is: --litellm-python or LLMPLAT_TEST_LITELLM_PYTHON")
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), Path(options.litellm_python))
        try:
            port, key = build(world, options.workers)
            report(world, *offer(port, key, options))
        finally:
            world.end()


def build(world: World, workers: int) -> tuple[int, str]:
    """A warm gateway over one engine that runs four at a time, and a key."""
    world.start_redis()
    speed = ["--ttft-ms", str(_TTFT_MS), "--itl-ms", str(_ITL_MS), "--slots", str(_RUNNING)]
    engine = world.start_engine(*speed)
    model = make_model(capacity={"running": _RUNNING, "waiting": _WAITING})
    world.policy = make_policy({"stub": model}, {"team": make_tenant()})
    world.write_policy()
    world.write_litellm({"stub": [engine]})
    key = world.add_key("team", "app")
    port = world.start_gateway(workers)
    body = {"model": "stub", "messages": [{"role": "user", "content": "warm up"}], "max_tokens": 1}
    for _ in range(4 * workers):
        world.ask(f"http://127.0.0.1:{port}/v1/chat/completions", body, key)
    return port, key


def offer(port: int, key: str, options: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """How many were sent, and what the load generator, a process of its own, saw."""
    rate = _CAPACITY_PER_S * options.times
    sent = round(rate * options.seconds)
    argv = [sys.executable, str(_LOAD), "--port", str(port), "--rate", str(rate)]
    argv += ["--requests", str(sent), "--max-tokens", str(_TOKENS), "--timeout-s", "60"]
    env = {"PATH": os.environ["PATH"], "LOAD_KEY": key}
    done = subprocess.run(argv, env=env, capture_output=True, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    return sent, seen


def report(world: World, sent: int, seen: dict[str, Any]) -> None:
    """Prints each wish and whether it came true."""
    engine = world.engines[0].stats
    print(json.dumps(seen))
    wishes = {
        f"sent {sent} = served {seen['served']} + refused {seen['refused']}": sent
        == seen["served"] + seen["refused"],
        f"nothing hangs or breaks: {seen['failures']}": not seen["failures"],
        f"refused p99 {seen['refused_p99_ms']:.0f} ms < 500 ms": seen["refused_p99_ms"] < 500,
        f"engine ran {engine['max_running']} of {_RUNNING}, held {engine['max_waiting']} of {_WAITING}": (
            engine["max_running"] <= _RUNNING and engine["max_waiting"] <= _WAITING
        ),
        f"served {seen['requests_per_s']:.2f} of {_CAPACITY_PER_S:.2f} a second": seen[
            "requests_per_s"
        ]
        > 0.8 * _CAPACITY_PER_S,
    }
    for wish, is_so in wishes.items():
        print("yes" if is_so else "NO ", wish)


if __name__ == "__main__":
    main()
