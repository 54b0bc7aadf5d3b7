"""The judge of bypass attempts: it must see what went wrong, and only that."""

import json

import pytest

from llmplat.adapters.raw_http import parse
from llmplat.observe.attack_list import ATTACKS, GROUPS
from llmplat.observe.attacks import BAIT, Attack, Prey, Promise, Who, chat_body, judge, wire

PREY = Prey(
    "127.0.0.1", 4000, "small", "default", {Who.ALLOWED: "sk-a", Who.BARRED: "sk-b", Who.NOBODY: ""}
)


def judged(promise: Promise, raw: bytes, sent: bytes = b"") -> str | None:
    attack = Attack("a", "g", Who.ALLOWED, promise, lambda p, k: b"")
    return judge(attack, PREY, sent, parse(raw))


def answer(status: int, body: object, *headers: str) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", *headers, f"Content-Length: {len(content)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


GOOD = {"model": "small", "choices": [{"text": "hi"}], "usage": {"completion_tokens": 4}}


@pytest.mark.parametrize("promise", Promise)
def test_a_refusal_holds_every_promise(promise: Promise) -> None:
    assert judged(promise, answer(403, {"error": {"code": "model_not_allowed"}})) is None
    assert judged(promise, b"") is None


@pytest.mark.parametrize(
    ("promise", "raw", "what"),
    [
        (Promise.REFUSED, answer(200, GOOD), "answered with 200"),
        (Promise.REFUSED, answer(403, {}) + answer(200, GOOD), "answered with 200"),
        (Promise.REFUSED, answer(101, b""), "answered with 101"),
        (Promise.SILENT, answer(200, {"version": "1"}), "tells more"),
        (Promise.TAMED, answer(200, {**GOOD, "model": "big"}), "another model"),
        (Promise.TAMED, answer(200, {**GOOD, "choices": [{}, {}]}), "more than one choice"),
        (Promise.TAMED, answer(200, {**GOOD, "choices": [{"text": BAIT}]}), "forged"),
        (Promise.TAMED, answer(200, {**GOOD, "usage": {"completion_tokens": 99}}), "99 tokens"),
        (Promise.TAMED, answer(200, b"<html>"), "no answer"),
        (Promise.REFUSED, answer(404, {}, "x-litellm-version: 1"), "headers tell"),
        (Promise.REFUSED, answer(500, b"Traceback (most recent"), "tells of the inside"),
        (Promise.REFUSED, answer(400, {"m": "sk-" + "a" * 30}), "a key"),
    ],
)
def test_what_went_wrong_is_seen(promise: Promise, raw: bytes, what: str) -> None:
    assert what in (judged(promise, raw) or "nothing")


def test_an_honest_answer_is_tame() -> None:
    assert judged(Promise.TAMED, answer(200, GOOD)) is None
    assert judged(Promise.TAMED, answer(200, {**GOOD, "model": "default"})) is None
    assert judged(Promise.SILENT, answer(200, {"status": "alive"})) is None


def test_streams_are_read_too() -> None:
    chunks = b"".join(
        b"data: " + json.dumps(part).encode() + b"\n\n"
        for part in ({"model": "small", "choices": [{}]}, {"model": "big", "choices": []})
    )
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(chunks), chunks)
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    assert "another model" in (judged(Promise.TAMED, raw) or "")


def test_an_echo_of_the_attackers_own_words_is_no_leak() -> None:
    raw = answer(400, {"error": "Unknown field `vllm_xargs`."})
    assert judged(Promise.REFUSED, raw, b'{"vllm_xargs": 1}') is None
    assert judged(Promise.REFUSED, raw, b"{}") is not None


def test_answers_behind_a_head_and_a_continue_are_counted() -> None:
    raw = b"HTTP/1.1 100 Continue\r\n\r\n" + answer(403, {})
    assert parse(raw).statuses == (100, 403)
    assert parse(raw).body == b"{}"
    assert parse(b"HTTP/1.1 404 X\r\nContent-Length: 9\r\n\r\n" + answer(403, {})).statuses == (
        404,
        403,
    )
    assert parse(b"no http at all").statuses == ()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_each_attempt_can_be_spelled(attack: Attack) -> None:
    assert attack.make(PREY, PREY.keys[attack.who])


def test_the_list_covers_every_way_in() -> None:
    assert len(ATTACKS) >= 75
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    wanted = {"other models", "fields", "prompts", "routes", "wire formats", "keys", "paths"}
    wanted |= {
        "methods",
        "headers",
        "bodies",
        "framing",
        "protocols",
        "pages without a key",
        "leaving",
        "account and keys",
    }
    assert set(GROUPS) == wanted
    assert {attack.who for attack in ATTACKS} == set(Who)


def test_an_honest_request_is_plain_http() -> None:
    raw = wire(PREY, "sk-a", body=chat_body(PREY))
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n")
    assert b"Authorization: Bearer sk-a" in head
    assert f"Content-Length: {len(body)}".encode() in head
