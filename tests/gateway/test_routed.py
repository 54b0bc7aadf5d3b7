"""The gateway as a cluster runs it: two copies on one counter, a router behind them, its own key from a secret."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from gateway_world import Engine, World, make_app, make_model, make_policy, make_tenant

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_CHAT = {"messages": [{"role": "user", "content": "hi there"}], "max_tokens": 4}
_OWN_KEY = "sk-llmplat-the-platforms-own-key"


class _Router(BaseHTTPRequestHandler):
    """Answers what a pool would, and keeps what it was told."""

    seen: list[dict[str, str]] = []  # noqa: RUF012 (one list for the one server of this file)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        usage = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
        if self.path.endswith("/embeddings"):
            vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
            answer = {"object": "list", "data": [vector]}
        else:
            message = {"role": "assistant", "content": "yes"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            answer = {"id": "1", "object": "chat.completion", "created": 1, "choices": [choice]}
        data = json.dumps(answer | {"model": body["model"], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_words):
        """Nothing."""


@pytest.fixture(scope="module")
def router():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Router)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def gateways(world: World, router):
    """Addresses of two copies over one router."""
    models = {
        "assistant": make_model(routed=True),
        "vectors": make_model(routed=True, kind="embedding"),
        "plain": make_model(),
    }
    tenants = {
        "free": make_tenant(),
        "late": make_tenant({"app": make_app(**{"class": "batch"})}),
        "rated": make_tenant({"app": make_app(requests_per_minute=6)}),
    }
    world.policy = make_policy(models, tenants)
    world.write_policy()
    world.write_keys()
    world.write_litellm({name: [Engine(router, None)] for name in models})
    world.more_env = {"LLMPLAT_SYSTEM_KEY": _OWN_KEY}
    return [f"http://127.0.0.1:{world.start_gateway()}" for _ in range(2)]


def post(world, gateway, key, model="assistant", path="/v1/chat/completions", **body):
    return world.ask(gateway + path, {"model": model, **(body or _CHAT)}, key)


def test_the_router_is_told_the_model_and_that_the_request_is_kept(world, gateways):
    answer = post(world, gateways[0], world.add_key("free", "app"))
    assert answer.status == 200
    seen = _Router.seen[-1]
    assert seen["x-llmplat-model"] == "assistant"
    assert seen["x-llm-d-inference-objective"] == "assistant-llmplat-kept"
    assert seen["x-request-id"] == answer.headers["x-request-id"]


def test_what_may_wait_may_be_shed(world, gateways):
    assert post(world, gateways[0], world.add_key("late", "app")).status == 200
    assert _Router.seen[-1]["x-llm-d-inference-objective"] == "assistant-llmplat-sheddable"


def test_embeddings_are_routed_too(world, gateways):
    key = world.add_key("free", "app")
    answer = post(world, gateways[0], key, "vectors", "/v1/embeddings", input="x")
    assert answer.status == 200, answer.body
    assert _Router.seen[-1]["x-llmplat-model"] == "vectors"


def test_without_a_router_nothing_names_the_model(world, gateways):
    assert post(world, gateways[0], world.add_key("free", "app"), "plain").status == 200
    assert "x-llmplat-model" not in _Router.seen[-1]


def test_a_clients_own_headers_do_not_get_that_far(world, gateways):
    key = world.add_key("late", "app")
    mine = {"x-llmplat-model": "plain", "x-llm-d-inference-objective": "assistant-llmplat-kept"}
    body = {"model": "assistant", **_CHAT}
    answer = world.ask(f"{gateways[0]}/v1/chat/completions", body, key, headers=mine)
    assert answer.status == 200
    seen = _Router.seen[-1]
    assert seen["x-llmplat-model"] == "assistant"
    assert seen["x-llm-d-inference-objective"] == "assistant-llmplat-sheddable"


def test_a_limit_is_exact_across_copies(world, gateways):
    key = world.add_key("rated", "app")
    with ThreadPoolExecutor(8) as pool:
        asked = [gateways[number % 2] for number in range(16)]
        statuses = Counter(pool.map(lambda one: post(world, one, key).status, asked))
    assert statuses == {200: 6, 429: 10}


def test_a_deny_entry_holds_for_every_copy_at_once(world, gateways):
    key = world.add_key("free", "app")
    assert {post(world, one, key).status for one in gateways} == {200}
    world.redis_command("SET", f"llmplat:{{test}}:deny:{world.keys[key]['id']}", "1")
    assert {post(world, one, key).status for one in gateways} == {401}


def test_the_platforms_own_key_is_in_no_file(world, gateways):
    answer = world.ask(f"{gateways[1]}/metrics", key=_OWN_KEY)
    assert answer.status == 200
    assert _OWN_KEY not in (world.folder / "keys.json").read_text()
