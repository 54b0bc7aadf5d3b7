"""Services outside in the place of engines: who may leave does, who may not never does, whatever it sends."""

import socket
import threading
from collections.abc import Iterator

import pytest
from gateway_world import Engine, World, ask, make_app, make_model, make_policy, make_tenant

from llmplat.adapters.raw_http import exchange
from llmplat.observe.attack_list import ATTACKS
from llmplat.observe.attacks import Prey, Who, judge
from llmplat.observe.attacks_leaving import GROUP

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_CHAT = {"model": "stub", "messages": [{"role": "user", "content": "hi there"}], "max_tokens": 4}


def _way(use: str, data_class: str = "public") -> dict:
    price = {"input_nanousd_per_token": 1000, "output_nanousd_per_token": 4000}
    return {"use": use, "data_class": data_class, "price": price}


@pytest.fixture(scope="module")
def port(world: World) -> Iterator[int]:
    """`stub` falls back, `small` bursts, `kept` is a secret model with a way out nobody may take.

    The engine of all three is the first, the service outside the second.
    """
    own = world.start_engine("--slots", "8", "--ttft-ms", "20")
    outside = world.start_engine("--slots", "8")
    # Bound by us and never listened on: nobody else can come to answer there.
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))
    dead = Engine(nobody.getsockname()[1], None)
    narrow = {"capacity": {"running": 1, "waiting": 0}}
    models = {
        "stub": make_model(data_class="public", overflow=[_way("fallback")]),
        "small": make_model(data_class="public", overflow=[_way("burst")], **narrow),
        "kept": make_model(data_class="confidential", overflow=[_way("fallback", "internal")]),
    }
    tenants = {
        "open": make_tenant({"app": make_app()}) | {"data_class": "public"},
        "closed": make_tenant({"app": make_app(), "barred": make_app(models=[])}),
        "unknown": make_tenant({"app": make_app()}) | {"data_class": "whatever"},
        "untold": {
            name: value
            for name, value in make_tenant({"app": make_app()}).items()
            if name != "data_class"
        },
    }
    world.policy = make_policy(models, tenants)
    world.write_policy()
    entries = {"stub": [dead], "small": [own], "kept": [dead]}
    world.write_litellm(entries, outside={name: [outside] for name in models})
    world.add_key("platform", "system")
    with nobody:
        yield world.start_gateway()


def _chat(port: int, key: str, **more):
    return ask(f"http://127.0.0.1:{port}/v1/chat/completions", _CHAT | more, key)


def _find(world: World, answer) -> dict:
    wanted = answer.headers["x-request-id"]
    (found,) = [row for row in world.wait_stored() if row["request_id"] == wanted]
    return found


def test_who_may_leave_is_answered_outside_at_its_price_and_it_is_recorded(world, port):
    answer = _chat(port, world.add_key("open", "app"))
    assert answer.status == 200, answer.body
    assert answer.json["model"] == "stub"
    usage = answer.json["usage"]
    row = _find(world, answer)
    assert (row["place"], row["backend"], row["outcome"]) == ("external", "stub@out0", "answered")
    cost = usage["prompt_tokens"] * 1000 + usage["completion_tokens"] * 4000
    assert row["nanousd"] == cost


@pytest.mark.parametrize("tenant", ["closed", "unknown", "untold"])
def test_who_may_not_leave_is_refused_instead(world, port, tenant):
    before = world.engines[1].stats["requests"]
    answer = _chat(port, world.add_key(tenant, "app"))
    assert (answer.status, answer.code) == (503, "engine_unreachable")
    assert world.engines[1].stats["requests"] == before


def test_a_model_that_may_not_leave_does_not_for_anybody(world, port):
    before = world.engines[1].stats["requests"]
    for tenant in ("open", "closed"):
        assert _chat(port, world.add_key(tenant, "app"), model="kept").status == 503
    assert world.engines[1].stats["requests"] == before


def test_a_full_model_bursts_for_one_and_refuses_the_other(world, port):
    own, outside = world.engines[:2]
    open_key, closed_key = world.add_key("open", "app"), world.add_key("closed", "app")
    assert _find(world, _chat(port, open_key, model="small"))["place"] == "engine"
    own.control(hold=True)
    try:
        holder = threading.Thread(target=_chat, args=(port, closed_key), kwargs={"model": "small"})
        holder.start()
        world.wait_until(lambda: own.stats["running"] == 1)
        before = outside.stats["requests"]
        closed = _chat(port, closed_key, model="small")
        assert (closed.status, closed.code) == (503, "over_capacity")
        assert outside.stats["requests"] == before
        answer = _chat(port, open_key, model="small")
        assert answer.status == 200, answer.body
        assert outside.stats["requests"] == before + 1
    finally:
        own.control(hold=False)
        holder.join()
    assert _find(world, answer)["place"] == "external"
    assert _find(world, closed)["cause"] == "over_capacity"


def test_no_attempt_makes_a_request_leave_that_may_not(world, port):
    """With its engine dead, the way out is the only way to an answer: the strongest pull there is."""
    outside = world.engines[1]
    keys = {Who.ALLOWED: world.add_key("closed", "app"), Who.NOBODY: ""}
    keys[Who.BARRED] = world.add_key("closed", "barred")
    prey = Prey("127.0.0.1", port, "stub", "stub", keys)
    before = outside.stats["requests"]
    attacks = [attack for attack in ATTACKS if attack.group == GROUP]
    assert len(attacks) >= 30
    won = {}
    for attack in attacks:
        data = attack.make(prey, keys[attack.who])
        answered = exchange(prey.host, prey.port, data, 60.0)
        broke = judge(attack, prey, data, answered)
        if broke is not None or 200 in answered.statuses:
            won[attack.name] = broke or "was answered"
    assert won == {}
    assert outside.stats["requests"] == before


def test_the_twin_of_each_attempt_with_a_key_that_may_leave_is_answered(world, port):
    """The same honest body leaves for a tenant that may: the refusals above are not the gateway's state."""
    before = world.engines[1].stats["requests"]
    for _ in range(3):
        assert _chat(port, world.add_key("open", "app")).status == 200
    assert world.engines[1].stats["requests"] == before + 3


def test_the_service_outside_sees_nothing_of_ours(world, port):
    """No priority, no router header, no name of tenant or app."""
    answer = _chat(port, world.add_key("open", "app"), stream=True)
    assert answer.status == 200
    assert b"stub@out0" not in answer.body
    assert _find(world, answer)["place"] == "external"
