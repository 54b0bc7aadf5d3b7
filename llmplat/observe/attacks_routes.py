"""Bypass attempts by where a request goes: pages, changes and the wire formats of others."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmplat.observe.attacks import CHAT, Attack, Prey, Promise, Who, chat_body, filled, wire

_READ_ROUTES = (
    "/", "/health", "/health/readiness", "/health/liveliness", "/health/services",
    "/health/backlog", "/health/history", "/v1/model/info", "/model/info", "/model_group/info",
    "/get/config/callbacks", "/config/yaml", "/active/callbacks", "/settings", "/routes",
    "/debug/asyncio-tasks", "/debug/memory/summary", "/guardrails/list", "/cache/ping",
    "/cache/redis/info", "/spend/logs", "/global/spend", "/global/spend/logs", "/key/info",
    "/key/list", "/user/list", "/team/list", "/organization/list", "/customer/list",
    "/docs", "/redoc", "/openapi.json", "/ui/", "/ui/login", "/login", "/sso/key/generate",
    "/public/model_hub", "/public/providers", "/.well-known/openid-configuration",
    "/.well-known/litellm-ui-config", "/metrics", "/metrics/", "/v1/files", "/v1/batches",
    "/v1/assistants", "/v1/fine_tuning/jobs", "/mcp/", "/v1/mcp/server", "/version", "/test",
    "/.env", "/favicon.ico", "/get_image", "/static/index.html", "/llmplat/v1/usage",
    "/llmplat/v1/account", "/llmplat/v1/catalog", "/llmplat/v1/key-changes",
    "/v1/models", "/models", "/engines", "/lazy/openai/x", "/fallback/login", "/in_product_nudges",
)  # fmt: skip
"""Read without a key; whether one with a key may read them is another question."""

_CHANGE_ROUTES = (
    "/key/generate", "/key/update", "/key/regenerate", "/user/new", "/team/new", "/budget/new",
    "/organization/new", "/customer/new", "/model/new", "/model/delete", "/config/update",
    "/cache/flushall", "/cache/delete", "/credentials", "/v1/mcp/server", "/guardrails/apply_guardrail",
    "/utils/transform_request", "/utils/token_counter", "/utils/dynamic_callback",
    "/login", "/v2/login", "/sso/callback", "/reload/model_cost_map", "/invitation/new",
)  # fmt: skip

_TALK_ROUTES: dict[str, Mapping[str, Any]] = {
    "/chat/completions": {},
    "/completions": {"prompt": "hello"},
    "/embeddings": {"input": "hello"},
    "/openai/deployments/{model}/chat/completions": {},
    "/engines/{model}/chat/completions": {},
    "/v1/engines/{model}/completions": {"prompt": "hello"},
    "/v1/messages": {},
    "/anthropic/v1/messages": {},
    "/v1/responses": {"input": "hello"},
    "/responses": {"input": "hello"},
    "/v1beta/models/{model}:generateContent": {"contents": [{"parts": [{"text": "hello"}]}]},
    "/models/{model}:streamGenerateContent": {"contents": [{"parts": [{"text": "hello"}]}]},
    "/vertex_ai/v1/models/{model}:predict": {},
    "/gemini/v1beta/models/{model}:generateContent": {},
    "/bedrock/model/{model}/invoke": {},
    "/cohere/v1/chat": {},
    "/hosted_vllm/v1/chat/completions": {},
    "/vllm/v1/chat/completions": {},
    "/openai/v1/chat/completions": {},
    "/azure/chat/completions": {},
    "/queue/chat/completions": {},
    "/v1/rerank": {"query": "a", "documents": ["b"]},
    "/v1/audio/speech": {"input": "hello"},
    "/v1/audio/transcriptions": {},
    "/v1/images/generations": {"prompt": "hello"},
    "/v1/moderations": {"input": "hello"},
    "/v1/batches": {"input_file_id": "x", "endpoint": CHAT, "completion_window": "24h"},
    "/v1/threads/runs": {"assistant_id": "x"},
    "/v1/realtime/sessions": {},
    "/v1/score": {"text_1": "a", "text_2": "b"},
    "/tokenize": {"prompt": "hello"},
    "/invocations": {},
    "/mcp/": {"jsonrpc": "2.0", "method": "tools/list", "id": 1},
    "/health/test_connection": {"litellm_params": {"model": "{model}"}},
}


def route_attacks() -> Iterator[Attack]:
    """All of them."""
    for path in _READ_ROUTES:

        def read(prey: Prey, key: str, path: str = path) -> bytes:
            return wire(prey, key, method="GET", path=path)

        yield Attack(f"GET {path}", "pages without a key", Who.NOBODY, Promise.SILENT, read)
    for path in _CHANGE_ROUTES:

        def change(prey: Prey, key: str, path: str = path) -> bytes:
            return wire(prey, key, path=path, body={"model": prey.model, "key": key})

        yield Attack(f"POST {path}", "routes", Who.ALLOWED, Promise.REFUSED, change)
    for path, fields in _TALK_ROUTES.items():

        def talk(prey: Prey, key: str, path: str = path, fields: Any = fields) -> bytes:  # noqa: ANN401 (JSON)
            body = {**chat_body(prey), **filled(fields, prey)}
            return wire(prey, key, path=filled(path, prey), body=body)

        yield Attack(f"POST {path}", "wire formats", Who.ALLOWED, Promise.REFUSED, talk)
