"""Bypass attempts by how a request is framed, and by what else than HTTP/1.1 is spoken."""

import json
from collections.abc import Iterator

from llmplat.observe.attacks import Attack, Prey, Promise, Spell, Who, barred, chat_body, wire


def protocol_attacks() -> Iterator[Attack]:
    """All of them."""
    yield from _framings()
    yield from _protocols()


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
        yield barred(f"protocol: {name}", "protocols", spell)
