"""What a client may send, what the engine gets, and the most it can cost."""

import dataclasses
import json

import pytest

from llmplat.gateway.bodies import (
    get_max_tokens,
    make_cache_text,
    make_headers,
    make_reservation,
    make_upstream_body,
    parse_wish,
)
from llmplat.gateway.policy import ServedModel
from llmplat.gateway.refusals import RefusedError

_MESSAGES = [{"role": "user", "content": "hi"}]
_CHAT = {"model": "m", "messages": _MESSAGES}


def _model(**more) -> ServedModel:
    return ServedModel(
        **{
            "name": "m",
            "aliases": (),
            "kind": "chat",
            "context": 1000,
            "default_max_tokens": 16,
            "max_tokens": 100,
            "prompt_overhead_tokens": 10,
            "input_nanousd_per_token": 3,
            "output_nanousd_per_token": 7,
            "running": 2,
            "waiting": 2,
            "backends": 1,
            "is_external": False,
        }
        | more
    )


def _wish(route="chat", **more):
    return parse_wish(route, json.dumps((_CHAT if route == "chat" else {}) | more).encode())


def _body(model=None, route="chat", **more):
    body = make_upstream_body(
        _wish(route, **more), model or _model(), "m@0", {"X-Request-Id": "req-1"}, 5
    )
    return json.loads(body)


def test_the_engine_gets_checked_fields_and_ours_only():
    body = _body(user="u", metadata={"a": 1}, top_k=3, temperature=1, stream=True)
    assert body == {
        "model": "m@0",
        "messages": _MESSAGES,
        "temperature": 1.0,
        "stream": True,
        "max_tokens": 16,
        "extra_headers": {"X-Request-Id": "req-1"},
        "extra_body": {"top_k": 3, "priority": 5},
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }


def test_an_external_backend_gets_no_field_of_our_engine():
    body = _body(_model(is_external=True), stream=True)
    assert "extra_body" not in body
    assert body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(("asked", "given"), [(None, 16), (5, 5), (100_000, 100)])
def test_max_tokens_has_a_default_and_a_cap(asked, given):
    more = {} if asked is None else {"max_tokens": asked}
    assert get_max_tokens(_wish(**more), _model()) == given


def test_the_smaller_of_both_token_fields_counts():
    assert get_max_tokens(_wish(max_tokens=9, max_completion_tokens=4), _model()) == 4


def test_the_reservation_is_bytes_and_overhead_in_and_the_cap_out():
    wish = _wish(max_tokens=20)
    bound = make_reservation(wish, _model())
    assert bound.prompt_tokens == len(json.dumps(_CHAT | {"max_tokens": 20})) + 10
    assert bound.nanousd == bound.prompt_tokens * 3 + 20 * 7


def test_each_prompt_of_a_list_is_reserved():
    wish = _wish("completion", model="m", prompt=["a", "b", "c"], max_tokens=5)
    assert make_reservation(wish, _model()).completion_tokens == 15


def test_a_prompt_is_reserved_up_to_the_context():
    wish = _wish(messages=[{"role": "user", "content": "x" * 5000}])
    assert make_reservation(wish, _model()).prompt_tokens == 1000


def test_indented_tools_are_in_the_bound():
    nested: dict = {"type": "object"}
    for _ in range(20):
        nested = {"type": "object", "properties": {"a": nested}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": nested}}]
    wide = make_reservation(_wish(tools=tools), _model(context=10**6)).prompt_tokens
    assert wide > len(json.dumps(tools, indent=4))


@pytest.mark.parametrize(
    "more",
    [
        {"api_key": "x"},
        {"api_base": "http://x"},
        {"extra_body": {"priority": 1}},
        {"extra_headers": {"a": "b"}},
        {"mock_response": "x"},
        {"fallbacks": ["y"]},
        {"cache": {"no-cache": True}},
        {"chat_template": "x"},
        {"prompt": "x"},
    ],
)
def test_unknown_fields_are_named(more):
    with pytest.raises(RefusedError) as caught:
        _wish(**more)
    assert caught.value.cause == "unknown_field"
    assert caught.value.param == next(iter(more))


@pytest.mark.parametrize(
    "more",
    [
        {"n": 2},
        {"n": True},
        {"max_tokens": 0},
        {"max_tokens": 1.5},
        {"max_tokens": "9"},
        {"temperature": 1e999},
        {"temperature": 10**400},
        {"temperature": float("nan")},
        {"stream": "true"},
        {"model": ["m", "other"]},
        {"messages": []},
        {"messages": [{"role": "root", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
        {"messages": [{"role": ["user"], "content": "x"}]},
        {"stop": ["x"] * 17},
        {"logit_bias": {"x": 1}},
        {"tools": [{"type": "mcp", "function": {"name": "f"}}]},
        {"response_format": {"type": "grammar"}},
        {"top_logprobs": 21},
        {"stream_options": {"other": 1}},
    ],
)
def test_values_out_of_bounds_are_refused(more):
    with pytest.raises(RefusedError) as caught:
        _wish(**more)
    assert caught.value.cause in {"field_invalid", "body_invalid"}


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"\xff", b'{"model": NaN}', b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000],
)
def test_bodies_that_are_no_json_object(raw):
    with pytest.raises(RefusedError) as caught:
        parse_wish("chat", raw)
    assert caught.value.cause == "body_invalid"


def test_text_no_json_can_carry_is_refused():
    raw = rb'{"model":"m","messages":[{"role":"user","content":"\ud800"}]}'
    wish = parse_wish("chat", raw)
    with pytest.raises(RefusedError) as caught:
        make_upstream_body(wish, _model(), "m@0", {"X-Request-Id": "req-1"}, 5)
    assert caught.value.cause == "body_invalid"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"model":"other","model":"m","messages":[{"role":"user","content":"x"}]}',
        rb'{"model":"m","mod\u0065l":"m","messages":[{"role":"user","content":"x"}]}',
        b'{"model":"m","messages":[{"role":"user","role":"user","content":"x"}]}',
    ],
)
def test_a_name_given_twice_is_refused(raw):
    with pytest.raises(RefusedError) as caught:
        parse_wish("chat", raw)
    assert caught.value.cause == "body_invalid"


def test_the_cache_knows_what_changes_the_answer():
    same = make_cache_text(_wish(user="a"), _model())
    assert same == make_cache_text(_wish(user="b", max_tokens=16), _model())
    assert same != make_cache_text(_wish(seed=1), _model())
    assert same != make_cache_text(_wish(max_tokens=17), _model())


def test_an_assistant_message_can_be_sent_back_as_it_came():
    message = {"role": "assistant", "content": "x", "refusal": None, "annotations": []}
    body = _body(messages=[*_MESSAGES, message, *_MESSAGES])
    assert body["messages"][1] == {"role": "assistant", "content": "x"}


def test_a_routed_model_is_named_to_the_router():
    routed = dataclasses.replace(_model(), is_routed=True)
    headers = make_headers(routed, "req-1", may_shed=False)
    assert headers["X-Request-Id"] == "req-1"
    assert headers["X-Llmplat-Model"] == routed.name
    assert headers["X-Llm-D-Inference-Objective"] == f"{routed.name}-llmplat-kept"


def test_only_what_may_wait_may_be_shed():
    routed = dataclasses.replace(_model(), is_routed=True)
    headers = make_headers(routed, "req-1", may_shed=True)
    assert headers["X-Llm-D-Inference-Objective"] == f"{routed.name}-llmplat-sheddable"


def test_without_a_router_nothing_names_the_model():
    assert make_headers(_model(), "req-1", may_shed=True) == {"X-Request-Id": "req-1"}
