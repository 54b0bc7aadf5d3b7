"""Bypass attempts by how a request is spelled: paths, methods, headers, bodies, protocols."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator

from llmplat.observe.attacks import CHAT, Attack, Prey, Promise, Who, chat_body, wire

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
    "x-mock-response": "x",
    "openai-organization": "platform",
    "anthropic-version": "2023-06-01",
    "cache-control": "no-cache, no-store",
    "x-api-key": "sk-x",
    "content-encoding": "identity",
    "expect": "100-continue",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}

Spell = Callable[[Prey, str], bytes]


def wire_attacks() -> Iterator[Attack]:
    """All of them."""
    yield from _paths()
    yield from _headers()
    yield from _bodies()
    yield from _framings()
    yield from _protocols()


def _barred(name: str, group: str, spell: Spell) -> Attack:
    return Attack(name, group, Who.BARRED, Promise.REFUSED, spell)


def _paths() -> Iterator[Attack]:
    for path in (*_PATHS, *(f"{CHAT}?{query}" for query in _QUERIES)):

        def post(prey: Prey, key: str, path: str = path) -> bytes:
            filled = path.format(model=prey.model, host=prey.host, port=prey.port)
            return wire(prey, key, path=filled, body=chat_body(prey))

        yield _barred(f"path {path}", "paths", post)
    for query in _QUERIES:

        def asked(prey: Prey, key: str, query: str = query) -> bytes:
            path = f"{CHAT}?{query.format(model=prey.model)}"
            return wire(prey, key, path=path, body=chat_body(prey))

        yield Attack(f"query {query}", "paths", Who.ALLOWED, Promise.REFUSED, asked)
    for method in _METHODS:

        def other(prey: Prey, key: str, method: str = method) -> bytes:
            return wire(prey, key, method=method, body=chat_body(prey))

        yield _barred(f"method {method}", "methods", other)


def _headers() -> Iterator[Attack]:
    for name, value in _HEADERS.items():

        def shown(prey: Prey, key: str, name: str = name, value: str = value) -> bytes:
            headers = [(name, value.replace("{model}", prey.model))]
            return wire(prey, key, body=chat_body(prey), headers=headers)

        yield _barred(f"header {name}", "headers", shown)
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


def _framings() -> Iterator[Attack]:
    framings: dict[str, Spell] = {
        "chunked": _chunked,
        "length and chunked": lambda prey, key: _chunked(
            prey, key, extra=[("Content-Length", "4")]
        ),
        "chunked, spelled oddly": lambda prey, key: _chunked(prey, key, coding="\tchunked"),
        "chunked twice": lambda prey, key: _chunked(prey, key, coding="chunked, chunked"),
        "chunked behind identity": lambda prey, key: _chunked(
            prey, key, coding="identity, chunked"
        ),
        "chunked, hidden by a name": lambda prey, key: _chunked(
            prey, key, name="Transfer_Encoding"
        ),
        "two lengths": lambda prey, key: _lengths(prey, key, "0", "140"),
        "a negative length": lambda prey, key: _lengths(prey, key, "-1"),
        "a length with a plus": lambda prey, key: _lengths(prey, key, "+10"),
        "a length in hex": lambda prey, key: _lengths(prey, key, "0x10"),
        "a second request behind a short length": _smuggled,
        "two requests at once": lambda prey, key: (
            _kept(prey, key) + wire(prey, key, body=chat_body(prey))
        ),
        "behind an honest probe": _behind_probe,
    }
    for name, spell in framings.items():
        group = Promise.SILENT if name == "behind an honest probe" else Promise.REFUSED
        yield Attack(f"framing: {name}", "framing", Who.BARRED, group, spell)


def _chunked(
    prey: Prey,
    key: str,
    *,
    coding: str = "chunked",
    name: str = "Transfer-Encoding",
    extra: list[tuple[str, str]] | None = None,
) -> bytes:
    body = json.dumps(chat_body(prey)).encode()
    head = wire(
        prey,
        key,
        body=b"",
        headers=[(name, coding), *(extra or [])],
        without=("content-length",),
    )
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def _lengths(prey: Prey, key: str, *lengths: str) -> bytes:
    headers = [("Content-Length", length) for length in lengths]
    head = wire(prey, key, body=b"", headers=headers, without=("content-length",))
    return head + json.dumps(chat_body(prey)).encode()


def _smuggled(prey: Prey, key: str) -> bytes:
    inner = wire(prey, key, body=chat_body(prey))
    head = wire(
        prey,
        key,
        body=b"",
        headers=[("Content-Length", "0")],
        without=("content-length", "connection"),
    )
    return head + inner


def _kept(prey: Prey, key: str) -> bytes:
    return wire(prey, key, body=chat_body(prey), without=("connection",))


def _behind_probe(prey: Prey, key: str) -> bytes:
    """The probe is answered with its one word; what is smuggled behind it must not be."""
    probe = wire(prey, "", method="GET", path="/health/live", without=("connection",))
    return probe + wire(prey, key, body=chat_body(prey))


def _protocols() -> Iterator[Attack]:
    upgrade = [("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
    upgrade += [("Upgrade", "websocket"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    protocols: dict[str, Spell] = {
        "websocket at the chat route": lambda prey, key: wire(
            prey, key, method="GET", headers=upgrade, without=("connection",)
        ),
        "websocket at realtime": lambda prey, key: wire(
            prey, key, method="GET", path="/v1/realtime", headers=upgrade, without=("connection",)
        ),
        "upgrade to HTTP/2": lambda prey, key: wire(
            prey, key, body=chat_body(prey), headers=[("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")], without=("connection",)
        ),
        "HTTP/1.0": lambda prey, key: wire(prey, key, body=chat_body(prey)).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
        "HTTP/0.9": lambda _prey, _key: b"GET /v1/models\r\n\r\n",
        "the HTTP/2 preface": lambda _prey, _key: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "bare line feeds": lambda prey, key: wire(prey, key, body=chat_body(prey)).replace(b"\r\n", b"\n"),
        "a folded header": lambda prey, key: wire(prey, key, body=chat_body(prey), headers=[("X-A", "b\r\n Authorization: Bearer x")]),
        "a header of 200 KB": lambda prey, key: wire(prey, key, body=chat_body(prey), headers=[("X-A", "a" * 200_000)]),
        "a blank before the colon": lambda prey, key: wire(prey, key, body=chat_body(prey), headers=[("Content-Length ", "0")]),
        "no host": lambda prey, key: wire(prey, key, body=chat_body(prey), without=("host",)),
        "two hosts": lambda prey, key: wire(prey, key, body=chat_body(prey), headers=[("Host", "other.example")]),
        "connect": lambda prey, key: wire(prey, key, method="CONNECT", path=f"{prey.host}:{prey.port + 1}"),
        "a TLS greeting": lambda _prey, _key: b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\x00" * 160,
    }  # fmt: skip
    for name, spell in protocols.items():
        yield _barred(f"protocol: {name}", "protocols", spell)
