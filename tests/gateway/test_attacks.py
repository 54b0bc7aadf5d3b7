"""Every bypass attempt of `verify`, against the real LiteLLM behind the guard, one and two workers."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from gateway_world import Engine, World, make_app, make_model, make_policy, make_tenant

from llmplat.adapters.raw_http import exchange
from llmplat.observe.attack_list import ATTACKS
from llmplat.observe.attacks import Attack, Prey, Promise, Who, chat_body, judge, wire

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_ATTEMPT_S = 60.0


@dataclass
class Stage:
    """A running gateway with an allowed and a barred key, and the engine behind it."""

    engine: Engine
    prey: Prey


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def stage(world: World, request) -> Stage:
    engine = world.engines[0] if world.engines else world.start_engine()
    apps = {"open": make_app(), "barred": make_app(models=[])}
    world.policy = make_policy(
        {"stub": make_model(aliases=["default"])}, {"prey": make_tenant(apps)}
    )
    world.write_policy()
    world.write_litellm({"stub": [engine]})
    keys = {
        Who.ALLOWED: world.add_key("prey", "open"),
        Who.BARRED: world.add_key("prey", "barred"),
        Who.NOBODY: "",
    }
    port = world.start_gateway(request.param)
    return Stage(engine, Prey("127.0.0.1", port, "stub", "default", keys))


def attempt(stage: Stage, attack: Attack) -> str | None:
    data = attack.make(stage.prey, stage.prey.keys[attack.who])
    answered = exchange(stage.prey.host, stage.prey.port, data, _ATTEMPT_S)
    return judge(attack, stage.prey, data, answered)


def test_an_honest_request_is_served(stage: Stage) -> None:
    """Without this, a gateway that refuses everything would pass for a good one."""
    prey = stage.prey
    honest = Attack(
        "honest", "none", Who.ALLOWED, Promise.TAMED,
        lambda p, key: wire(p, key, body=chat_body(p)),
    )  # fmt: skip
    data = honest.make(prey, prey.keys[Who.ALLOWED])
    answered = exchange(prey.host, prey.port, data, _ATTEMPT_S)
    assert answered.statuses == (200,), answered.raw[:500]
    assert judge(honest, prey, data, answered) is None


def test_no_attempt_gets_through(stage: Stage) -> None:
    def one(attack: Attack) -> tuple[str, str | None]:
        try:
            return attack.name, attempt(stage, attack)
        except TimeoutError:
            return attack.name, "held the connection without an answer"

    with ThreadPoolExecutor(max_workers=4) as pool:
        outcomes = list(pool.map(one, ATTACKS))
    won = {name: what for name, what in outcomes if what is not None}
    assert won == {}, json.dumps(won, indent=1)


def test_the_engine_never_saw_a_barred_request(stage: Stage) -> None:
    """Refusals happen before the engine: none of the barred attempts may have reached it."""
    before = stage.engine.stats
    for attack in ATTACKS:
        if attack.who is Who.BARRED and attack.group in {"other models", "methods"}:
            assert attempt(stage, attack) is None, attack.name
    after = stage.engine.stats
    assert after["requests"] == before["requests"]


def test_the_gateway_still_serves_afterwards(stage: Stage) -> None:
    prey = stage.prey
    data = wire(prey, prey.keys[Who.ALLOWED], body=chat_body(prey))
    assert exchange(prey.host, prey.port, data, _ATTEMPT_S).statuses == (200,)


def test_the_list_is_long_enough_and_unambiguous() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(names) >= 75
    assert len(set(names)) == len(names)
