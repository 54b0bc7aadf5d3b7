"""Redis, gateways and engines killed from outside: nothing fails open, nothing is lost or paid twice."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from gateway_world import Answer, Engine, World, make_model, make_policy, make_tenant

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_CHAT = {"model": "stub", "messages": [{"role": "user", "content": "hi there"}], "max_tokens": 4}


@pytest.fixture(scope="module")
def ports(world: World):
    """Two gateways on one Redis; `stub` has two engines, `slow` one."""
    engines = [world.start_engine("--slots", "64", "--ttft-ms", "100") for _ in range(2)]
    slow = world.start_engine("--ttft-ms", "2500", "--slots", "64")
    models = {"stub": make_model(engines=2), "slow": make_model()}
    world.policy = make_policy(models, {"team": make_tenant(), "other": make_tenant()})
    world.write_policy()
    world.write_litellm({"stub": engines, "slow": [slow]})
    world.add_key("platform", "system")
    return [world.start_gateway(), world.start_gateway()]


@pytest.fixture
def key(world: World, ports) -> str:
    return world.add_key("team", "app")


def _chat(world: World, port: int, key: str, timeout_s: float = 60, **more):
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    return world.ask(url, _CHAT | more, key, timeout_s=timeout_s)


def _team(world: World, port: int):
    system = next(key for key, entry in world.keys.items() if entry["tenant"] == "platform")
    url = f"http://127.0.0.1:{port}/llmplat/v1/usage"
    told: list[Answer] = []

    def is_told() -> bool:
        told[:] = [world.ask(url, None, system)]
        return told[0].status == 200

    # A gateway whose counters were away may say so a few times more.
    world.wait_until(is_told)
    return next(one for one in told[0].json["tenants"] if one["name"] == "team")


@contextmanager
def _held(*engines: Engine) -> Iterator[None]:
    """The engines keep their answers back until the block ends."""
    for engine in engines:
        engine.control(hold=True)
    try:
        yield
    finally:
        for engine in engines:
            if engine.child.process.poll() is None:
                engine.control(hold=False)


def _spent(world: World, port: int) -> int:
    return int(_team(world, port)["budget"]["spentNanousd"])


def test_two_gateways_share_one_ledger(world, ports, key):
    before = _spent(world, ports[0])
    for port in ports:
        assert _chat(world, port, key).status == 200
    assert _spent(world, ports[0]) == _spent(world, ports[1]) == before + 2 * (600 + 1600)


def test_redis_killed_and_back_keeps_the_spend(world, ports, key):
    assert _chat(world, ports[0], key).status == 200
    before = _spent(world, ports[0])
    world.redis.kill()
    for port in ports * 3:
        answer = _chat(world, port, key)
        assert (answer.status, answer.code) == (503, "counters_down")
    models = world.ask(f"http://127.0.0.1:{ports[0]}/v1/models", None, key)
    assert models.status == 503
    world.start_redis()
    world.wait_until(lambda: _chat(world, ports[0], key).status == 200)
    world.wait_until(lambda: _spent(world, ports[0]) == before + 600 + 1600)


def test_a_request_in_flight_while_redis_is_killed_is_settled_when_it_is_back(world, ports, key):
    before = _spent(world, ports[0])
    with ThreadPoolExecutor(1) as pool:
        with _held(world.engines[2]):
            answer = pool.submit(_chat, world, ports[0], key, model="slow")
            world.wait_until(lambda: world.engines[2].stats["running"] >= 1)
            world.redis.kill()
        assert answer.result().status == 200
    world.start_redis()
    world.wait_until(lambda: _spent(world, ports[0]) == before + 600 + 1600)
    assert _team(world, ports[0])["inFlight"] == 0


def test_redis_hung_is_a_quick_no_and_leaves_nothing_behind(world, ports, key):
    before = _spent(world, ports[0])
    world.redis.signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: _chat(world, ports[0], key), range(6)))
        assert {one.code for one in answers} == {"counters_down"}
        # Each would take three seconds if it asked; a busy machine may hold one of them up, not all.
        assert min(_time_refusal(world, ports[0], key) for _ in range(8)) < 2.5
    finally:
        world.redis.signal(signal.SIGCONT)
    world.wait_until(lambda: _chat(world, ports[0], key).status == 200)
    world.wait_until(lambda: _team(world, ports[0])["inFlight"] == 0)
    assert (_spent(world, ports[0]) - before) % (600 + 1600) == 0


def _time_refusal(world: World, port: int, key: str) -> float:
    """Seconds until the refusal."""
    started_s = time.monotonic()
    assert _chat(world, port, key).status == 503
    return time.monotonic() - started_s


def test_a_gateway_killed_leaves_the_reservation_and_gives_the_slots_back(world, ports, key):
    port = world.start_gateway()
    before = _spent(world, ports[0])
    with ThreadPoolExecutor(3) as pool, _held(world.engines[2]):
        answers = [pool.submit(_chat, world, port, key, model="slow") for _ in range(3)]
        world.wait_until(lambda: _team(world, ports[0])["inFlight"] == 3)
        reserved = _spent(world, ports[0]) - before
        world.gateways[-1][1].kill()
        assert all(one.exception() is not None for one in answers)
    assert reserved > 3 * (600 + 1600)
    world.wait_until(lambda: _team(world, ports[0])["inFlight"] == 0, 120)
    assert _spent(world, ports[0]) - before == reserved


def test_a_dead_engine_is_out_and_no_request_that_had_not_started_is_lost(world, ports, key):
    first = world.engines[0]
    before = [engine.stats["requests"] for engine in world.engines[:2]]
    for _ in range(4):
        assert _chat(world, ports[0], key).status == 200
    assert all(one.stats["requests"] > n for one, n in zip(world.engines, before, strict=False))
    first.child.kill()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _chat(world, ports[0], key), range(40)))
    assert Counter(one.status for one in answers) == {200: 40}
    world.engines[0] = world.start_engine("--slots", "64", port=first.port)
    world.engines.pop()

    def is_back() -> bool:
        assert _chat(world, ports[0], key).status == 200
        return bool(world.engines[0].stats["requests"])

    world.wait_until(is_back)


def test_engines_killed_under_load_lose_nothing_but_what_was_begun(world, ports, key):
    victim = world.engines[1]
    with ThreadPoolExecutor(16) as pool:
        with _held(*world.engines[:2]):
            answers = [pool.submit(_chat, world, ports[0], key, max_tokens=40) for _ in range(60)]
            world.wait_until(lambda: victim.stats["running"] >= 2, 40)
            victim.child.kill()
        statuses = Counter(one.result().status for one in answers)
    assert statuses == {200: 60}
    world.engines[1] = world.start_engine("--slots", "64", port=victim.port)
    world.engines.pop()


def test_no_engine_at_all_is_said_and_costs_nothing(world, ports, key):
    world.engines[2].child.kill()
    before = _spent(world, ports[0])
    answer = _chat(world, ports[0], key, model="slow")
    assert (answer.status, answer.code) == (503, "engine_unreachable")
    assert "retry-after" in answer.headers
    assert b"127.0.0.1" not in answer.body
    assert _spent(world, ports[0]) == before


def test_litellm_without_the_guard_lets_nobody_in(world, ports, key):
    port = world.start_gateway(app="litellm.proxy.proxy_server:app")
    for token in (key, "sk-0123456789abcdef0123456789", None):
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        answer = world.ask(url, _CHAT | {"model": "stub@0"}, token)
        assert answer.status in {400, 401, 500}, answer.body
        assert b"choices" not in answer.body


def test_a_policy_deadline_ends_the_request(world, ports, key):
    world.policy["timeouts"]["gateway_s"] = 1
    world.write_policy()
    try:
        world.engines[0].control(hold=True)
        world.engines[1].control(hold=True)
        answer = _chat(world, ports[0], key)
        assert (answer.status, answer.code) == (504, "timeout")
        assert answer.headers["x-should-retry"] == "false"
        world.wait_until(lambda: sum(one.stats["running"] for one in world.engines[:2]) == 0)
    finally:
        for engine in world.engines[:2]:
            engine.control(hold=False)
        world.policy["timeouts"]["gateway_s"] = 65
        world.write_policy()


def test_no_secret_is_in_any_log(world, ports, key):
    secrets = [*world.keys, "engine-key-for-tests", "redis-password-for-tests"]
    for log in world.folder.glob("*.log"):
        text = log.read_text(errors="replace")
        assert not [one for one in secrets if one in text], log
