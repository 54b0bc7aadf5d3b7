"""The usage ledger behind the real LiteLLM and a real Redis: each request once, whatever is killed."""

import contextlib
import random
import time
from collections import Counter
from http.client import HTTPException
from typing import Any

import pytest
from gateway_world import World, ask, make_app, make_model, make_policy, make_tenant, under_load

from llmplat.gateway.ledger import LEASE_MS, REAP_AFTER_MS

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_CHAT = {"model": "stub", "messages": [{"role": "user", "content": "hi there"}], "max_tokens": 4}
_LOST_WITHIN_S = (LEASE_MS + REAP_AFTER_MS) / 1000 + 135
"""Until a killed gateway's last request is a record: its lease, the grace, and some looks of the reaper."""
_KILLS = 20


@pytest.fixture(scope="module")
def port(world: World) -> int:
    engine = world.start_engine("--slots", "64", "--ttft-ms", "20", "--itl-ms", "2")
    apps = {"app": make_app(), "poor": make_app(budget={"nanousd": 1, "period": "day"})}
    world.policy = make_policy(
        {"stub": make_model(), "other": make_model()}, {"team": make_tenant(apps)}
    )
    world.write_policy()
    world.write_litellm({"stub": [engine], "other": [engine]})
    world.add_key("platform", "system")
    return world.start_gateway()


def _chat(port: int, key: str, timeout_s: float = 60, **more: Any):
    return ask(
        f"http://127.0.0.1:{port}/v1/chat/completions", _CHAT | more, key, timeout_s=timeout_s
    )


def _find(world: World, request_id: str) -> dict[str, Any]:
    (found,) = [row for row in world.wait_stored() if row["request_id"] == request_id]
    return found


def test_an_answer_is_recorded_without_its_text(world, port):
    key = world.add_key("team", "app")
    answer = _chat(port, key)
    row = _find(world, answer.headers["x-request-id"])
    usage = answer.json["usage"]
    nanousd = usage["prompt_tokens"] * 100 + usage["completion_tokens"] * 400
    told = {name: row[name] for name in ("tenant", "app", "model", "class", "backend", "place")}
    assert told == {
        "tenant": "team", "app": "app", "model": "stub", "class": "interactive",
        "backend": "stub@0", "place": "engine",
    }  # fmt: skip
    assert (row["outcome"], row["cause"], row["nanousd"]) == ("answered", "", nanousd)
    assert row["prompt_tokens"] == usage["prompt_tokens"]
    assert row["charged"].startswith("app:team/app:20")
    assert b"hi there" not in b"".join(p.read_bytes() for p in world.folder.glob("ledger.sqlite*"))


@pytest.mark.parametrize(
    ("app", "more", "cause"),
    [
        ("poor", {}, "budget_app"),
        ("app", {"model": "none"}, "model_refused"),
        ("app", {"nonsense": 1}, "unknown_field"),
    ],
)
def test_a_refusal_is_recorded_with_its_cause(world, port, app, more, cause):
    answer = _chat(port, world.add_key("team", app), **more)
    row = _find(world, answer.headers["x-request-id"])
    assert (row["outcome"], row["cause"], row["nanousd"]) == ("refused", cause, 0)


def test_a_stranger_writes_nothing(world, port):
    before = len(world.wait_stored())
    assert _chat(port, "sk-llmplat-unknown").status == 401
    known = _chat(port, world.add_key("team", "app")).headers["x-request-id"]
    assert [row["request_id"] for row in world.wait_stored()[before:]] == [known]


@pytest.mark.timeout(1800)
def test_twenty_kills_of_gateway_and_counters_under_load(world, port):
    """Every request that was answered is recorded exactly once, with what it was charged."""
    key = world.add_key("team", "app")
    chance = random.Random(8)
    answered: list[str] = []
    ports = [port, world.start_gateway()]

    def load(number: int) -> None:
        model = ("stub", "other")[number % 2]
        with contextlib.suppress(OSError, HTTPException):  # cut off in the middle: not answered
            answer = _chat(ports[number % len(ports)], key, model=model)
            if answer.status == 200:
                answered.append(answer.headers["x-request-id"])
                return
        time.sleep(0.05)

    with under_load(6, load):
        for kill in range(_KILLS):
            time.sleep(chance.uniform(0.3, 1.5))
            if kill % 4:
                world.redis.kill()
                time.sleep(chance.uniform(0, 0.3))
                world.start_redis()
            else:
                world.gateways[-1][1].kill()
                ports[1] = world.start_gateway()
        time.sleep(2)
    assert len(answered) > 100

    def is_all_there() -> bool:
        return set(answered) <= {row["request_id"] for row in world.read_records()}

    world.wait_until(is_all_there, _LOST_WITHIN_S, 1)
    rows = {row["request_id"]: row for row in world.read_records()}
    outcomes = Counter(rows[one]["outcome"] + rows[one]["cause"] for one in answered)
    print(f"{len(answered)} answered, {len(rows)} records, outcomes of the answered {outcomes}")
    assert set(outcomes) <= {"answered", "failedlost"}


def test_the_records_and_the_budgets_agree(world, port):
    """What the counters charged to a budget is the sum of its records, to the nano-dollar."""
    key = world.add_key("team", "app")
    world.wait_until(lambda: _chat(port, key).status == 200)
    world.wait_until(
        lambda: (
            world.redis_command("EXISTS", "llmplat:{test}:open", "llmplat:{test}:overdue")
            == b":0\r\n"
        ),
        _LOST_WITHIN_S,
        1,
    )
    sums: Counter[str] = Counter()
    for row in world.wait_stored():
        for scope in row["charged"].split():
            sums[scope] += row["nanousd"]
    assert sums
    for scope, nanousd in sums.items():
        raw = world.redis_command("GET", f"llmplat:{{test}}:spend:{scope}")
        assert int(raw.split(b"\r\n")[-2]) == nanousd, scope
