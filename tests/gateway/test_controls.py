"""Every refusal, limit and charge through the real LiteLLM with two workers on one Redis."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from gateway_world import Answer, Engine, World, make_app, make_model, make_policy, make_tenant

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_CHAT = {"model": "stub", "messages": [{"role": "user", "content": "hi there"}], "max_tokens": 4}
_MADE = 30


@pytest.fixture(scope="module")
def gateway(world: World):
    """The base address of a gateway with two workers over engines of two models."""
    engine = world.start_engine("--ttft-ms", "5", "--itl-ms", "1", "--slots", "64")
    slow = world.start_engine("--ttft-ms", "1500", "--itl-ms", "20", "--slots", "64")
    small = {"running": 2, "waiting": 1}
    tenants = {
        "free": make_tenant(),
        "poor": make_tenant({"app": make_app(budget={"nanousd": 30_000, "period": "day"})}),
        "shared": make_tenant(
            {"a": make_app(), "b": make_app()}, budget={"nanousd": 60_000, "period": "month"}
        ),
        "rated": make_tenant({"app": make_app(requests_per_minute=3)}),
        "pair": make_tenant({"a": make_app(), "b": make_app()}, requests_per_minute=4),
        "wordy": make_tenant({"app": make_app(tokens_per_minute=400)}),
        "narrow": make_tenant({"app": make_app(parallel_requests=1)}),
        "late": make_tenant({"app": make_app(**{"class": "batch"})}),
        "choosy": make_tenant({"app": make_app(models=["stub"])}),
        "broke": make_tenant({"app": make_app(budget=None)}, budget=None),
        "crowd": make_tenant({"app": make_app(budget={"nanousd": 400_000, "period": "week"})}),
    }
    models = {
        "stub": make_model(aliases=["default"]),
        "slow": make_model(capacity=small),
        "vectors": make_model(kind="embedding"),
    }
    world.policy = make_policy(models, tenants)
    world.write_policy()
    world.write_keys()
    world.write_litellm({"stub": [engine], "slow": [slow], "vectors": [engine]})
    return f"http://127.0.0.1:{world.start_gateway(workers=2)}"


def _post(
    world: World, gateway: str, key: str | None, body=None, path="/v1/chat/completions", **kw
):
    return world.ask(gateway + path, _CHAT if body is None else body, key, **kw)


def _system(world: World) -> str:
    for key, entry in world.keys.items():
        if entry["tenant"] == "platform":
            return key
    return world.add_key("platform", "system")


def _usage(world: World, gateway: str, tenant: str):
    report = world.ask(f"{gateway}/llmplat/v1/usage", None, _system(world)).json
    return next(one for one in report["tenants"] if one["name"] == tenant)


def _metric(world: World, gateway: str, name: str, **labels: str) -> float:
    text = world.ask(f"{gateway}/metrics", None, _system(world)).body.decode()
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    rows = [row for row in text.splitlines() if row.startswith(f"{name}{{")]
    return sum(float(r.rpartition(" ")[2]) for r in rows if all(part in r for part in wanted))


def _crowd(world: World, gateway: str, key: str, count: int, *, refused: int) -> list[Answer]:
    """`count` requests to `slow` at once; the engine answers only when so many were refused."""
    body, engine = _CHAT | {"model": "slow"}, world.engines[1]
    engine.control(hold=True)
    with ThreadPoolExecutor(count) as pool:
        try:
            asked = [pool.submit(_post, world, gateway, key, body) for _ in range(count)]
            world.wait_until(lambda: sum(one.done() for one in asked) >= refused, 50)
        finally:
            engine.control(hold=False)
        return [one.result() for one in asked]


def test_a_chat_answer_has_our_id_and_no_trace_of_the_inside(world, gateway):
    answer = _post(world, gateway, world.add_key("free", "app"), _CHAT | {"model": "default"})
    assert answer.status == 200
    assert answer.json["model"] == "stub"
    assert answer.json["usage"]["completion_tokens"] == 4
    names = {name.lower() for name in answer.headers}
    assert names <= {
        "content-type",
        "content-length",
        "cache-control",
        "x-request-id",
        "connection",
    }
    starts = world.engines[0].stats["starts"]
    assert answer.headers["x-request-id"] in {one["request_id"] for one in starts}
    assert b"@0" not in answer.body
    assert b"127.0.0.1" not in answer.body


def test_all_routes_answer_and_cost_what_the_engine_counted(world, gateway):
    key = world.add_key("free", "app")
    before = world.engines[0].stats
    spent = _usage(world, gateway, "free")["budget"]["spentNanousd"]
    texts = {"model": "stub", "prompt": ["one", "two words"], "max_tokens": 3}
    assert len(_post(world, gateway, key, texts, "/v1/completions").json["choices"]) == 2
    many = {"model": "vectors", "input": ["a", "b c"]}
    assert len(_post(world, gateway, key, many, "/v1/embeddings").json["data"]) == 2
    _post(world, gateway, key)
    for body, path in (
        (_CHAT, "/v1/chat/completions"),
        (texts | {"prompt": "x"}, "/v1/completions"),
    ):
        reply = _post(world, gateway, key, body | {"stream": True}, path)
        assert reply.body.endswith(b"data: [DONE]\n\n")
        assert b'"usage"' not in reply.body
    after = world.engines[0].stats
    prompt = after["prompt_tokens"] - before["prompt_tokens"]
    completion = after["completion_tokens"] - before["completion_tokens"]
    now = _usage(world, gateway, "free")["budget"]["spentNanousd"]
    assert now - spent == 100 * prompt + 400 * completion


def test_a_stream_ends_with_its_usage_when_asked(world, gateway):
    body = _CHAT | {"stream": True, "stream_options": {"include_usage": True}}
    reply = _post(world, gateway, world.add_key("free", "app"), body)
    events = [event for event in reply.body.split(b"\n\n") if event]
    last = json.loads(events[-2].removeprefix(b"data: "))
    assert events[-1] == b"data: [DONE]"
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == 4


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        ("/v1/responses", _CHAT, {}, 404, "not_found"),
        ("/chat/completions", _CHAT, {}, 404, "not_found"),
        ("/v1/chat/completions/", _CHAT, {}, 404, "not_found"),
        ("/health/readiness", None, {}, 404, "not_found"),
        ("/ui/", None, {}, 404, "not_found"),
        ("/v1/chat/completions?model=slow", _CHAT, {}, 400, "query_refused"),
        ("/v1/chat/completions", _CHAT, {"x-litellm-tags": "a"}, 400, "header_refused"),
        ("/v1/chat/completions", _CHAT, {"content-encoding": "gzip"}, 400, "header_refused"),
        (
            "/v1/chat/completions",
            _CHAT,
            {"content-type": "text/plain"},
            415,
            "content_type_refused",
        ),
        ("/v1/chat/completions", b"x" * 70_000, {}, 413, "body_too_large"),
        ("/v1/chat/completions", b"{", {}, 400, "body_invalid"),
        ("/v1/chat/completions", b'{"a":' * 5000, {}, 400, "body_invalid"),
        ("/v1/chat/completions", _CHAT | {"api_key": "x"}, {}, 400, "unknown_field"),
        ("/v1/chat/completions", _CHAT | {"priority": 0}, {}, 400, "unknown_field"),
        ("/v1/chat/completions", _CHAT | {"mock_response": "x"}, {}, 400, "unknown_field"),
        ("/v1/chat/completions", _CHAT | {"n": 2}, {}, 400, "field_invalid"),
        ("/v1/chat/completions", _CHAT | {"temperature": 3}, {}, 400, "field_invalid"),
        ("/v1/chat/completions", _CHAT | {"temperature": 10**400}, {}, 400, "field_invalid"),
        ("/v1/chat/completions", _CHAT | {"model": "nothing"}, {}, 403, "model_not_allowed"),
        ("/v1/chat/completions", _CHAT | {"model": "stub@0"}, {}, 403, "model_not_allowed"),
        ("/v1/chat/completions", _CHAT | {"model": "vectors"}, {}, 400, "wrong_kind"),
        ("/metrics", None, {}, 403, "system_key_only"),
    ],
)
def test_refusals_of_a_request(world, gateway, path, body, headers, status, code):
    answer = world.ask(gateway + path, body, world.add_key("free", "app"), headers=headers)
    assert (answer.status, answer.code) == (status, code)
    assert set(answer.json["error"]) == {"message", "type", "code", "param"}


def test_keys_that_do_not_hold(world, gateway):
    good = world.add_key("free", "app")
    old = world.add_key("free", "app", expires="2026-01-02T00:00:00Z")
    stray = world.add_key("nobody", "app")
    for key in (None, "", "sk-other", good[:-1], f"{good}x", old, stray):
        answer = _post(world, gateway, key)
        assert (answer.status, answer.code) == (401, "invalid_api_key"), key
    assert world.ask(f"{gateway}/v1/models").status == 401
    assert _post(world, gateway, good).status == 200


def test_life_is_all_that_is_told_without_a_key(world, gateway):
    answer = world.ask(f"{gateway}/health/live")
    assert (answer.status, answer.json) == (200, {"status": "alive"})


def test_a_key_sees_and_uses_its_models_only(world, gateway):
    key = world.add_key("choosy", "app")
    listed = world.ask(f"{gateway}/v1/models", None, key).json["data"]
    assert [one["id"] for one in listed] == ["stub"]
    assert world.ask(f"{gateway}/v1/models/slow", None, key).status == 403
    assert _post(world, gateway, key, _CHAT | {"model": "slow"}).status == 403


def test_revocation_by_file_and_by_deny_entry(world, gateway):
    by_file, by_entry = world.add_key("free", "app"), world.add_key("free", "app")
    for key in (by_file, by_entry):
        assert _post(world, gateway, key).status == 200
    world.redis_command("SET", f"llmplat:{{test}}:deny:{world.keys[by_entry]['id']}", "1")
    answer = _post(world, gateway, by_entry)
    assert (answer.status, answer.code) == (401, "invalid_api_key")
    assert world.ask(f"{gateway}/v1/models", None, by_entry).status == 401
    del world.keys[by_file]
    world.write_keys()
    world.wait_until(lambda: _post(world, gateway, by_file).status == 401)


def test_a_broken_policy_leaves_the_last_good_one(world, gateway):
    key = world.add_key("free", "app")
    (world.folder / "policy.json").write_text("{")
    time.sleep(0.2)
    try:
        assert _post(world, gateway, key).status == 200
    finally:
        world.write_policy()


def test_requests_per_minute_of_an_app(world, gateway):
    key = world.add_key("rated", "app")
    answers = [_post(world, gateway, key) for _ in range(5)]
    assert [one.status for one in answers] == [200] * 3 + [429] * 2
    assert answers[-1].code == "rate_limit_exceeded"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


def test_requests_per_minute_of_a_tenant_over_two_apps(world, gateway):
    keys = [world.add_key("pair", app) for app in ("a", "b")] * 3
    statuses = Counter(_post(world, gateway, key).status for key in keys)
    assert statuses == {200: 4, 429: 2}


def test_tokens_per_minute(world, gateway):
    key = world.add_key("wordy", "app")
    statuses = [_post(world, gateway, key, _CHAT | {"max_tokens": 50}).status for _ in range(6)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    answer = _post(world, gateway, key, _CHAT | {"max_tokens": 900})
    assert (answer.status, answer.code) == (400, "tokens_over_limit")


def test_parallel_requests_and_their_place_coming_back(world, gateway):
    key = world.add_key("narrow", "app")
    answers = _crowd(world, gateway, key, 4, refused=3)
    assert Counter(one.status for one in answers) == {200: 1, 429: 3}
    refused = next(one for one in answers if one.status == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert _post(world, gateway, key).status == 200


def test_over_capacity_is_refused_at_arrival_and_the_engine_stays_below_its_cap(world, gateway):
    key = world.add_key("free", "app")
    answers = _crowd(world, gateway, key, 8, refused=5)
    assert Counter(one.status for one in answers) == {200: 3, 503: 5}
    assert {one.code for one in answers if one.status == 503} == {"over_capacity"}
    assert all("retry-after" in one.headers for one in answers if one.status == 503)
    assert world.engines[1].stats["max_running"] <= 3


def test_a_class_has_its_share_of_the_window(world, gateway):
    key = world.add_key("late", "app")
    answers = _crowd(world, gateway, key, 3, refused=2)
    assert Counter(one.status for one in answers) == {200: 1, 429: 2}


def test_priority_is_arrival_plus_allowance_and_no_client_sets_it(world, gateway):
    for tenant in ("free", "late"):
        assert _post(world, gateway, world.add_key(tenant, "app")).status == 200
    first, second = world.engines[0].stats["starts"][-2:]
    assert 55_000 < second["priority"] - first["priority"] < 120_000
    assert second["fields"]["max_tokens"] == 4


def test_budget_spent(world, gateway):
    key = world.add_key("poor", "app")
    statuses = [_post(world, gateway, key).status for _ in range(12)]
    answer = _post(world, gateway, key)
    assert statuses[0] == 200
    assert (answer.status, answer.code) == (429, "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"
    assert "retry-after" not in answer.headers
    budget = _usage(world, gateway, "poor")["apps"][0]["budget"]
    assert budget["spentNanousd"] <= budget["limitNanousd"] == 30_000


def test_two_apps_of_one_tenant_share_its_budget(world, gateway):
    keys = [world.add_key("shared", app) for app in ("a", "b")] * 30
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(lambda key: _post(world, gateway, key).status, keys))
    assert set(statuses) == {200, 429}
    assert _usage(world, gateway, "shared")["budget"]["spentNanousd"] <= 60_000


def test_a_key_without_any_budget_spends_nothing(world, gateway):
    answer = _post(world, gateway, world.add_key("broke", "app"))
    assert (answer.status, answer.code) == (403, "no_budget")


def test_fifty_streams_never_spend_more_than_the_budget(world, gateway):
    key = world.add_key("crowd", "app")
    body = _CHAT | {"stream": True, "max_tokens": 40}
    before = world.engines[0].stats["completion_tokens"]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: _post(world, gateway, key, body), range(150)))
    assert {one.status for one in answers} == {200, 429}
    assert {one.code for one in answers if one.status == 429} == {"insufficient_quota"}
    while (last := _post(world, gateway, key, body)).status == 200:
        answers.append(last)
    budget = _usage(world, gateway, "crowd")["apps"][0]["budget"]
    worst = 100 * (len(json.dumps(body)) + 64) + 400 * 40
    made = world.engines[0].stats["completion_tokens"] - before
    served = sum(one.status == 200 for one in answers)
    assert made == served * 40
    assert served * (100 * 6 + 400 * 40) == budget["spentNanousd"]
    assert budget["limitNanousd"] - worst <= budget["spentNanousd"] <= budget["limitNanousd"]


def _leave(world: World, gateway: str, key: str, body) -> None:
    """Sends a request and goes when the engine has made _MADE tokens and a stream has them here."""
    engine, port = world.engines[1], int(gateway.rpartition(":")[2])
    made = engine.stats["completion_tokens"] + _MADE
    raw = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(raw)}\r\n\r\n"
    came = b""
    with socket.create_connection(("127.0.0.1", port), 60) as link:
        link.sendall(head.encode() + raw)
        while body["stream"] and came.count(b'"content":" w"') < _MADE:
            part = link.recv(65536)
            assert part, came
            came += part
        world.wait_until(lambda: engine.stats["completion_tokens"] == made)


@pytest.fixture
def halting(world: World, gateway: str) -> Iterator[Engine]:
    """The slow engine, which stops in each answer behind _MADE tokens."""
    engine = world.engines[1]
    engine.control(stop_at=_MADE)
    yield engine
    engine.control(stop_at=None)


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_client_that_leaves_frees_its_place_and_pays(world, gateway, halting, is_stream):
    key = world.add_key("free", "app")
    before, spent = halting.stats, _usage(world, gateway, "free")["budget"]["spentNanousd"]
    body = _CHAT | {"model": "slow", "max_tokens": 1000, "stream": is_stream}
    _leave(world, gateway, key, body)
    world.wait_until(lambda: halting.stats["aborted"] == before["aborted"] + 1)
    world.wait_until(lambda: _usage(world, gateway, "free")["inFlight"] == 0)
    assert halting.stats["completion_tokens"] - before["completion_tokens"] == _MADE
    paid = _usage(world, gateway, "free")["budget"]["spentNanousd"] - spent
    if is_stream:
        assert paid == 600 + 400 * _MADE
    else:
        assert paid == 100 * (len(json.dumps(body)) + 64) + 400 * 1000


def test_an_engine_error_costs_nothing_and_tells_nothing(world, gateway):
    key = world.add_key("free", "app")
    spent = _usage(world, gateway, "free")["budget"]["spentNanousd"]
    for status, expected in ((500, 502), (400, 400), (429, 503), (404, 502)):
        world.engines[0].control(fail=status, count=1)
        answer = _post(world, gateway, key)
        assert answer.status == expected, answer.body
        assert b"itellm" not in answer.body
        assert b"127.0.0.1" not in answer.body
    assert _usage(world, gateway, "free")["budget"]["spentNanousd"] == spent


def test_metrics_are_exact_over_the_workers(world, gateway):
    key = world.add_key("choosy", "app")
    labels = {"tenant": "choosy", "app": "app", "model": "stub"}
    before = _metric(world, gateway, "llmplat_requests_total", outcome="completed", **labels)
    for _ in range(7):
        _post(world, gateway, key)
    done = _metric(world, gateway, "llmplat_requests_total", outcome="completed", **labels)
    assert done - before == 7
    assert _metric(world, gateway, "llmplat_completion_tokens_total", **labels) >= 28
    poor, refusals = world.add_key("poor", "app"), {"tenant": "poor", "cause": "budget_app"}
    while _post(world, gateway, poor).status == 200:
        pass
    refused = _metric(world, gateway, "llmplat_refusals_total", **refusals)
    assert _post(world, gateway, poor).status == 429
    assert _metric(world, gateway, "llmplat_refusals_total", **refusals) == refused + 1


def test_a_tenant_sees_its_own_usage_only(world, gateway):
    report = world.ask(f"{gateway}/llmplat/v1/usage", None, world.add_key("free", "app")).json
    assert [one["name"] for one in report["tenants"]] == ["free"]
    assert "models" not in report


def test_the_cache_answers_within_one_tenant_and_costs_no_money(world, gateway):
    keys = [world.add_key("free", "app"), world.add_key("choosy", "app")]
    world.policy["cache"] = {"enabled": True, "ttl_s": 60}
    world.write_policy()
    try:
        before = world.engines[0].stats["requests"]
        body = _CHAT | {"seed": 42}
        first = _post(world, gateway, keys[0], body)
        spent = _usage(world, gateway, "free")["budget"]["spentNanousd"]
        again = _post(world, gateway, keys[0], body | {"user": "else"})
        assert again.body == first.body
        assert _usage(world, gateway, "free")["budget"]["spentNanousd"] == spent
        assert world.engines[0].stats["requests"] == before + 1
        assert _post(world, gateway, keys[1], body).status == 200
        assert world.engines[0].stats["requests"] == before + 2
        name = "llmplat_cache_lookups_total"
        world.wait_until(lambda: _metric(world, gateway, name, result="hit") == 1)
    finally:
        world.policy["cache"]["enabled"] = False
        world.write_policy()
