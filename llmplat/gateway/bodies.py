"""Turns the bytes a client sent into the request the engine gets and the most it can cost."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from llmplat.gateway import fields
from llmplat.gateway.policy import ServedModel
from llmplat.gateway.refusals import RefusedError

_SAMPLING: dict[str, fields.Check] = {
    "model": fields.text,
    "max_tokens": fields.integer(1, 1 << 31),
    "temperature": fields.number(0, 2),
    "top_p": fields.number(0, 1),
    "top_k": fields.integer(-1, 1 << 20),
    "min_p": fields.number(0, 1),
    "stop": fields.stops,
    "stream": fields.boolean,
    "stream_options": fields.stream_options,
    "seed": fields.integer(-(1 << 63), (1 << 63) - 1),
    "n": fields.integer(1, 1),
    "frequency_penalty": fields.number(-2, 2),
    "presence_penalty": fields.number(-2, 2),
    "repetition_penalty": fields.number(0.01, 10),
    "logit_bias": fields.logit_bias,
    "min_tokens": fields.integer(0, 1 << 31),
    "ignore_eos": fields.boolean,
    "skip_special_tokens": fields.boolean,
}
_FIELDS: dict[str, dict[str, fields.Check]] = {
    "chat": _SAMPLING
    | {
        "messages": fields.messages,
        "max_completion_tokens": fields.integer(1, 1 << 31),
        "logprobs": fields.boolean,
        "top_logprobs": fields.integer(0, 20),
        "tools": fields.tools,
        "tool_choice": fields.tool_choice,
        "parallel_tool_calls": fields.boolean,
        "response_format": fields.response_format,
    },
    "completion": _SAMPLING
    | {
        "prompt": fields.prompts,
        "logprobs": fields.integer(0, 5),
        "best_of": fields.integer(1, 1),
        "echo": fields.one_of(),
    },
    "embedding": {
        "model": fields.text,
        "input": fields.prompts,
        "encoding_format": fields.one_of("float", "base64"),
        "dimensions": fields.integer(1, 65536),
    },
}
_NEEDED = {"chat": "messages", "completion": "prompt", "embedding": "input"}
_DROPPED = frozenset(
    {"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"}
)
_OURS = frozenset({"model", "stream_options", "n", "best_of", "max_completion_tokens"})
_EXTRA = frozenset(
    {"top_k", "min_p", "repetition_penalty", "min_tokens", "ignore_eos", "skip_special_tokens"}
)
_NO_NUMBER = "NaN and Infinity are no JSON"


@dataclass
class Wish:
    """What the client asked for, checked."""

    route: str
    """chat, completion or embedding."""
    spelling: str
    """The model's name or alias as the client wrote it."""
    document: dict[str, Any]
    """The fields the engine may see."""
    prompts: int
    is_stream: bool
    wants_usage: bool
    asked_tokens: int | None
    size_bytes: int


@dataclass(frozen=True)
class Reservation:
    """The most a request can come to."""

    prompt_tokens: int
    completion_tokens: int
    nanousd: int

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


def _refuse_constant(_text: str) -> float:
    raise ValueError(_NO_NUMBER)


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of `pairs`: a name given twice means another thing to each reader of it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RefusedError("body_invalid", "The body has an object that gives a name twice.")
    return found


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_refuse_twice)


def parse_wish(route: str, raw: bytes) -> Wish:
    """The checked request in `raw`; RefusedError names what is wrong with it."""
    document = _decode(raw)
    known = _FIELDS[route]
    kept: dict[str, Any] = {}
    for name, value in document.items():
        if name in _DROPPED or value is None:
            continue
        check = known.get(name)
        if check is None:
            raise RefusedError("unknown_field", f"Unknown field `{name[:64]}`.", param=name[:64])
        kept[name] = check(name, value)
    for name in ("model", _NEEDED[route]):
        if name not in kept:
            raise fields.refuse(name, "is missing")
    asked = [kept.pop(name) for name in ("max_tokens", "max_completion_tokens") if name in kept]
    wants_usage = (kept.get("stream_options") or {}).get("include_usage", False)
    prompts = 1 if route == "chat" else fields.count_prompts(kept[_NEEDED[route]])
    return Wish(
        route=route,
        spelling=kept["model"],
        document={name: value for name, value in kept.items() if name not in _OURS},
        prompts=prompts,
        is_stream=kept.get("stream", False),
        wants_usage=wants_usage,
        asked_tokens=min(asked, default=None),
        size_bytes=len(raw) + _count_rendered(kept),
    )


def make_reservation(
    wish: Wish, model: ServedModel, others: Iterable[ServedModel] = ()
) -> Reservation:
    """The most `wish` can come to: a token is at least a byte; a prompt is at most the context.

    At the dearest price of `model` and of `others`, which may answer in its place.
    """
    ceiling = model.context * wish.prompts
    prompt = min(wish.size_bytes + model.prompt_overhead_tokens * wish.prompts, ceiling)
    completion = 0 if wish.route == "embedding" else get_max_tokens(wish, model) * wish.prompts
    nanousd = max(
        prompt * one.input_nanousd_per_token + completion * one.output_nanousd_per_token
        for one in (model, *others)
    )
    return Reservation(prompt, completion, nanousd)


def get_max_tokens(wish: Wish, model: ServedModel) -> int:
    """Tokens one sequence may have: as asked, at most the model's cap; its default when not asked."""
    return min(wish.asked_tokens or model.default_max_tokens, model.max_tokens)


def make_headers(model: ServedModel, request_id: str, *, may_shed: bool) -> dict[str, str]:
    """Headers behind the gateway: the request's id, and for a router where it goes."""
    headers = {"X-Request-Id": request_id}
    if model.is_routed:
        objective = "llmplat-sheddable" if may_shed else "llmplat-kept"
        headers["X-Llmplat-Model"] = model.name
        # Only says what may be refused when all replicas are full; order is the engine's business.
        headers["X-Llm-D-Inference-Objective"] = f"{model.name}-{objective}"
    return headers


def make_upstream_body(
    wish: Wish, model: ServedModel, backend: str, headers: dict[str, str], priority: int
) -> bytes:
    """The body LiteLLM gets: the client's checked fields and our own, nothing else."""
    body = {name: value for name, value in wish.document.items() if name not in _EXTRA}
    body["model"] = backend
    body["extra_headers"] = headers
    extra = {name: value for name, value in wish.document.items() if name in _EXTRA}
    if wish.route != "embedding":
        body["max_tokens"] = get_max_tokens(wish, model)
    if not model.is_external:
        extra["priority"] = priority
    if extra:
        body["extra_body"] = extra
    if wish.is_stream:
        body["stream_options"] = {"include_usage": True}
        if not model.is_external:
            body["stream_options"]["continuous_usage_stats"] = True
    return _encode(body)


def make_cache_text(wish: Wish, model: ServedModel) -> bytes:
    """What two requests must share, byte for byte, to have the same answer."""
    body = wish.document | {"max_tokens": get_max_tokens(wish, model)}
    return json.dumps([wish.route, model.name, body], sort_keys=True).encode()


def _decode(raw: bytes) -> dict[str, Any]:
    try:
        document = _DECODER.decode(raw.decode())
    except RecursionError:
        raise RefusedError("body_invalid", "The body is nested too deeply.") from None
    except ValueError:
        raise RefusedError("body_invalid", "The body is not JSON in UTF-8.") from None
    if not isinstance(document, dict):
        raise RefusedError("body_invalid", "The body must be a JSON object.")
    return document


def _encode(body: dict[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        raise RefusedError(
            "body_invalid", "The body holds numbers or text that JSON in UTF-8 cannot carry."
        ) from None


def _count_rendered(kept: dict[str, Any]) -> int:
    """Bytes that a chat template may add by printing tools and calls with indentation."""
    calls = [m["tool_calls"] for m in kept.get("messages", ()) if "tool_calls" in m]
    tools = kept.get("tools")
    return len(json.dumps([tools, calls], indent=4)) if tools or calls else 0
