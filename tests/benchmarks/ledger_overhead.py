"""Measures what the record of requests costs a request: our gateway with it and without, request by request.

    LLMPLAT_TEST_LITELLM_PYTHON=.../python python tests/benchmarks/ledger_overhead.py [--same]

Two gateways over one stub engine and one Redis, each with a policy of its own: one keeps records, one
does not. A client asks them in turns, one request each, so that whatever else the machine does meets
both. Two processes of the same program differ by themselves: each round starts both anew, in the other
order, and --same shows that spread with records on neither side. Prints the median of the rounds.
Wanted: p50 at most 1.05 x, or 1 ms more.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import psutil
from gateway_load import Connection, make_request
from gateway_overhead import Side

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from gateway_world import World, make_model, make_policy, make_tenant  # found by the line above

_AT_ONCE = (1, 8)
_WARM = 40
_SIDES = ("with", "without")


def build(folder: Path, python: Path, order: tuple[str, ...], *, is_same: bool) -> list[World]:
    """The two gateways' worlds, started in `order`; the second shares the first one's Redis and engine."""
    worlds: list[World] = []
    for name in order:
        place = folder / name
        place.mkdir()
        world = World(place, python)
        worlds.append(world)
        if len(worlds) == 1:
            world.start_redis()
            world.start_engine("--ttft-ms", "3", "--itl-ms", "0", "--slots", "256")
        else:
            world.redis_port = worlds[0].redis_port
        world.policy = make_policy({"stub": make_model()}, {"team": make_tenant()})
        world.policy["platform"] = name
        if is_same or name == "without":
            world.policy["ledger"] = None
        world.write_policy()
        world.write_litellm({"stub": worlds[0].engines})
    return worlds


def start(world: World) -> Side:
    """A gateway of `world`, and the key to ask it with."""
    key = world.add_key("team", "app")
    port = world.start_gateway(app="llmplat.gateway.asgi:app")
    return Side(port, "stub", key, psutil.Process(world.gateways[0][1].process.pid))


async def ask_in_turns(sides: dict[str, Side], at_once: int, requests: int) -> dict[str, float]:
    """p50 of each side in ms, `requests` each by `at_once` clients that ask now one, now the other."""
    took: dict[str, list[float]] = {name: [] for name in sides}

    async def client(number: int) -> None:
        ends = {name: Connection(side.port) for name, side in sides.items()}
        order = list(sides)[:: -1 if number % 2 else 1]
        for _ in range(requests // at_once):
            for name in order:
                began_s = time.perf_counter()
                status, _, body = await ends[name].post(_request(sides[name]))
                assert status == 200, body
                took[name].append((time.perf_counter() - began_s) * 1000)
        for end in ends.values():
            end.close()

    await asyncio.gather(*(client(number) for number in range(at_once)))
    return {name: statistics.median(them) for name, them in took.items()}


def _request(side: Side) -> bytes:
    os.environ["LOAD_KEY"] = side.key
    return make_request(Namespace(model=side.model, max_tokens=16, stream=False))


def run_round(options: Namespace, number: int) -> dict[int, tuple[float, float]]:
    """Number of clients -> p50 in ms with and without; also processor ms a request under 0."""
    order = _SIDES[:: -1 if number % 2 else 1]
    python = Path(options.litellm_python).absolute()
    with tempfile.TemporaryDirectory() as folder:
        worlds = build(Path(folder), python, order, is_same=options.same)
        try:
            sides = {name: start(world) for name, world in zip(order, worlds, strict=True)}
            asyncio.run(ask_in_turns(sides, 1, _WARM))
            before = {name: _spent_ms(side) for name, side in sides.items()}
            done = {n: asyncio.run(ask_in_turns(sides, n, options.requests)) for n in _AT_ONCE}
            each = options.requests * len(_AT_ONCE)
            spent = {name: (_spent_ms(it) - before[name]) / each for name, it in sides.items()}
            if not options.same:
                world, wanted = worlds[order.index("with")], each + _WARM
                world.wait_until(lambda: len(world.read_records()) == wanted, 20, 0.5)
            return {n: (it["with"], it["without"]) for n, it in {**done, 0: spent}.items()}
        finally:
            for world in worlds[::-1]:
                world.end()


def _spent_ms(side: Side) -> float:
    return sum(side.process.cpu_times()[:2]) * 1000


def main() -> None:
    """Prints each round, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--same", action="store_true")
    parser.add_argument("--litellm-python", default=os.environ.get("LLMPLAT_TEST_LITELLM_PYTHON"))
    options = parser.parse_args()
    if not options.litellm_python:
        parser.error("say where LiteLLM is: --litellm-python or LLMPLAT_TEST_LITELLM_PYTHON")
    rounds = [run_round(options, number) for number in range(options.rounds)]
    for n in (*_AT_ONCE, 0):
        ratios = [it[n][0] / it[n][1] for it in rounds]
        more = [it[n][0] - it[n][1] for it in rounds]
        print(
            f"{f'p50, {n} at a time' if n else 'processor time a request':25}"
            f" {statistics.median(ratios):.3f} x, {statistics.median(more):+.2f} ms"
            f" of {statistics.median(it[n][1] for it in rounds):.2f} ms"
            f"   rounds {', '.join(f'{one:.3f}' for one in ratios)}"
        )


if __name__ == "__main__":
    main()
