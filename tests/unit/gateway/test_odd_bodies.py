"""No body breaks the guard: each place of a full request, each odd value, is taken or refused by name."""

import copy
import json
import math
from contextlib import suppress
from typing import Any

import pytest

from llmplat.gateway.bodies import parse_wish
from llmplat.gateway.refusals import RefusedError
from tests.odd_values import odd_at, places

SAMPLING = {
    "model": "m", "max_tokens": 5, "temperature": 1, "top_p": 1, "top_k": 1, "min_p": 0, "stop": ["a"],
    "stream": True, "stream_options": {"include_usage": True}, "seed": 1, "n": 1, "frequency_penalty": 0,
    "presence_penalty": 0, "repetition_penalty": 1, "logit_bias": {"5": 1.5}, "min_tokens": 1,
    "ignore_eos": False, "skip_special_tokens": True,
}  # fmt: skip
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
BODIES: dict[str, dict[str, Any]] = {
    "chat": SAMPLING | {
        "messages": [
            {"role": "system", "content": "a", "name": "n"},
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "a"},
        ],
        "max_completion_tokens": 5, "logprobs": True, "top_logprobs": 2, "tools": [TOOL],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": True,
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}},
    },
    "completion": SAMPLING | {"prompt": ["a", "b"], "logprobs": 1, "best_of": 1},
    "embedding": {"model": "m", "input": [[1, 2], [3]], "encoding_format": "float", "dimensions": 5},
}  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, -1, -1.5, math.inf, math.nan, 10**400, "", "²", "\ud800", [], [None], [[]], ["x"], {}, {"x": None},
    {"²": 1}, {"9" * 5000: 1},
)  # fmt: skip


@pytest.mark.parametrize("route", BODIES)
def test_the_full_request_is_taken(route: str) -> None:
    assert parse_wish(route, json.dumps(BODIES[route]).encode()).route == route


@pytest.mark.parametrize("route", BODIES)
def test_an_odd_value_is_taken_or_refused_by_name(route: str) -> None:
    body = copy.deepcopy(BODIES[route])
    for path in list(places(body)):
        for odd in ODD:
            with odd_at(body, path, odd), suppress(RefusedError):
                wish = parse_wish(route, json.dumps(body).encode())
                json.dumps(wish.document, allow_nan=False).encode()
