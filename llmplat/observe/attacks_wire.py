"""Bypass attempts by how a request is spelled: paths, methods, headers, bodies."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator

from llmplat.observe.attacks import CHAT, Attack, Prey, Promise, Who, barred, chat_body, wire

_PATHS = (
    "//v1/chat/completions",
    "/v1//chat/completions",
    "/v1/chat/completions/",
    "/v1/chat/completions/.",
    "/v1/./chat/completions",
    "/v1/models/../chat/completions",
    "/v1/chat%2fcompletions",
    "/v1/%63hat/completions",
    "/%76%31/chat/completions",
    "/v1/chat/completions%2f",
    "/v1/chat/completions%00",
    "/v1/chat/completions%0a",
    "/v1/chat/completions;a=b",
    "/V1/Chat/Completions",
    "/v1/chat/completions%20",
    "/v1\\chat\\completions",
    "/v1/chat/completions?api_key=sk-x",
    "/v1/chat/completions?",
    "/v1/chat/completions#a",
    "/health/live/../../v1/chat/completions",
    "/health/live%2f..%2f..%2fv1%2fchat%2fcompletions",
    "http://{host}:{port}/v1/chat/completions",
    "http://other.example/v1/chat/completions",
    "/v1/%e2%80%8bchat/completions",
    "v1/chat/completions",
    "*",
)

_QUERIES = ("model={model}", "mock_response=x", "n=50", "timeout=9999", "user=x", "%6d%6f=1", "&")

_METHODS = ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "PROPFIND", "post", "FOO")

_HEADERS: dict[str, str] = {
    "x-litellm-timeout": "9999",
    "x-litellm-num-retries": "9",
    "x-litellm-tags": "paid",
    "x-litellm-disable-callbacks": "*",
    "x-litellm-call-id": "of-another",
    "x-litellm-spend-logs-metadata": "{}",
    "x-litellm-model": "{model}",
    "x-litellm-enable-message-redaction": "true",
    "x-litellm-stream-timeout": "0",
    "x-llmplat-admitted": "1",
    "x-llmplat-tenant": "platform",
    "x-llmplat-key-id": "system",
    "x-request-id": "req-of-another",
    "x-priority": "0",
    "priority": "u=0",
    "x-forwarded-prefix": "/v1",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": "127.0.0.1",
    "x-forwarded-path": "/health/live",
    "x-original-url": "/health/live",
    "x-rewrite-url": "/health/live",
    "x-http-method-override": "GET",
    "forwarded": "for=127.0.0.1",
    "x-real-ip": "127.0.0.1",
    "x-user-id": "platform/system",
    "x-openwebui-user-id": "platform/system",
    "x-openwebui-user-email": "boss@example.com",
    "x-openwebui-user-role": "admin",
    "x-forwarded-email": "boss@example.com",
    "x-forwarded-user": "platform/system",
    "x-forwarded-groups": "admins",
    "x-auth-request-email": "boss@example.com",
    "x-mock-response": "x",
    "openai-organization": "platform",
    "anthropic-version": "2023-06-01",
    "cache-control": "no-cache, no-store",
    "x-api-key": "sk-x",
    "content-encoding": "identity",
    "expect": "100-continue",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


def wire_attacks() -> Iterator[Attack]:
    """All of them."""
    yield from _paths()
    yield from _headers()
    yield from _bodies()


def _paths() -> Iterator[Attack]:
    for path in (*_PATHS, *(f"{CHAT}?{query}" for query in _QUERIES)):

        def post(prey: Prey, key: str, path: str = path) -> bytes:
            filled = path.format(model=prey.model, host=prey.host, port=prey.port)
            return wire(prey, key, path=filled, body=chat_body(prey))

        yield barred(f"path {path}", "paths", post)
    for query in _QUERIES:

        def asked(prey: Prey, key: str, query: str = query) -> bytes:
            path = f"{CHAT}?{query.format(model=prey.model)}"
            return wire(prey, key, path=path, body=chat_body(prey))

        yield Attack(f"query {query}", "paths", Who.ALLOWED, Promise.REFUSED, asked)
    for method in _METHODS:

        def other(prey: Prey, key: str, method: str = method) -> bytes:
            return wire(prey, key, method=method, body=chat_body(prey))

        yield barred(f"method {method}", "methods", other)


def _headers() -> Iterator[Attack]:
    for name, value in _HEADERS.items():

        def shown(prey: Prey, key: str, name: str = name, value: str = value) -> bytes:
            headers = [(name, value.replace("{model}", prey.model))]
            return wire(prey, key, body=chat_body(prey), headers=headers)

        yield barred(f"header {name}", "headers", shown)
        if name != "expect":
            yield Attack(f"header {name}, allowed", "headers", Who.ALLOWED, Promise.TAMED, shown)


def _bodies() -> Iterator[Attack]:
    types = (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json; charset=utf-16",
        "application/x-ndjson",
        "application/jsonp",
        "",
    )
    for content_type in types:

        def typed(prey: Prey, key: str, content_type: str = content_type) -> bytes:
            headers = [("Content-Type", content_type)] if content_type else []
            body = _typed_body(prey, content_type)
            return wire(prey, key, body=body, headers=headers, without=("content-type",))

        name = content_type.partition(";")[0] or "none"
        told = f"content type {name}{' utf-16' if 'utf-16' in content_type else ''}"
        yield Attack(told, "bodies", Who.ALLOWED, Promise.REFUSED, typed)
    for name, make in _CONTENTS.items():

        def sent(prey: Prey, key: str, make: Callable[[bytes], bytes] = make) -> bytes:
            return wire(prey, key, body=make(json.dumps(chat_body(prey)).encode()))

        yield Attack(f"body {name}", "bodies", Who.ALLOWED, Promise.REFUSED, sent)
    for name, make in _TWINS.items():

        def twin(prey: Prey, key: str, make: Callable[[bytes], bytes] = make) -> bytes:
            return wire(prey, key, body=make(json.dumps(chat_body(prey)).encode()))

        yield Attack(f"body with {name} twice", "bodies", Who.ALLOWED, Promise.REFUSED, twin)
    for coding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress), ("br", bytes)):

        def packed(
            prey: Prey, key: str, coding: str = coding, pack: Callable[[bytes], bytes] = pack
        ) -> bytes:
            body = pack(json.dumps(chat_body(prey)).encode())
            return wire(prey, key, body=body, headers=[("Content-Encoding", coding)])

        yield Attack(f"content-encoding {coding}", "bodies", Who.ALLOWED, Promise.REFUSED, packed)


def _typed_body(prey: Prey, content_type: str) -> bytes:
    plain = json.dumps(chat_body(prey))
    if "form-urlencoded" in content_type:
        return f"model={prey.model}&messages=%5B%5D&prompt=hello".encode()
    if "multipart" in content_type:
        part = (
            f'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n{prey.model}\r\n--x--\r\n'
        )
        return part.encode()
    return plain.encode("utf-16") if "utf-16" in content_type else plain.encode()


_CONTENTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "not JSON": lambda _: b"model=x",
    "a list": lambda body: b"[" + body + b"]",
    "twice": lambda body: body + body,
    "with a tail": lambda body: body + b"}",
    "with NaN": lambda body: body[:-1] + b', "temperature": NaN}',
    "with infinity": lambda body: body[:-1] + b', "temperature": 1e999}',
    "in utf-16": lambda body: body.decode().encode("utf-16"),
    "in utf-7": lambda body: body.replace(b'"', b"+ACI-"),
    "in broken utf-8": lambda body: body[:-1] + b', "user": "\xff\xfe"}',
    "nested too deep": lambda body: body[:-1] + b', "a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "of two MiB": lambda body: body[:-1] + b', "user": "' + b"a" * 2**21 + b'"}',
    "with a comment": lambda body: b"/* x */ " + body,
}
"""By name: what becomes of the bytes of an honest request."""

_TWINS: dict[str, Callable[[bytes], bytes]] = {
    "model": lambda body: b'{"model": "gpt-4o", ' + body[1:],
    "max_tokens": lambda body: b'{"max_tokens": 1000, ' + body[1:],
    "an escaped max_tokens": lambda body: b'{"max_token\\u0073": 1000, ' + body[1:],
    "stream": lambda body: b'{"stream": true, ' + body[1:-1] + b', "stream": false}',
}
"""By name: a body that says a thing twice; each reader might believe another one."""
