"""A running platform -> one real answer of each of its engines, through the gateway."""

import json
import time
from dataclasses import dataclass
from typing import Any

from llmplat.domain.errors import GatewayError
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.ports import Ask, HttpAnswer
from llmplat.plan.plan import Plan
from llmplat.plan.planned import PlannedModel

_PROMPT = "Say hello in one short sentence."
_TIMEOUT_S = 120.0
_PATIENCE_S = 30.0
_PAUSE_S = 0.25
_NOT_YET = frozenset({429, 502, 503})


@dataclass(frozen=True)
class Proof:
    """What one model said when it was asked."""

    model: str
    answer: str
    tokens: int
    took_s: float
    request_id: str | None


def prove(plan: Plan, url: str, key: str, ask: Ask, max_tokens: int) -> tuple[Proof, ...]:
    """Ask each model that has an engine here once; external services are not spent on.

    `key` is the system key, `max_tokens` the longest answer.

    Raises:
        GatewayError: an answer other than 200, or none.
    """
    if plan.gateway is None:
        return ()
    return tuple(
        _ask_model(model, _Way(url, key, ask), max_tokens)
        for model in plan.models
        if not model.is_external
    )


@dataclass(frozen=True)
class _Way:
    url: str
    key: str
    ask: Ask


def _ask_model(model: PlannedModel, way: _Way, max_tokens: int) -> Proof:
    began = time.monotonic()
    is_embedding = model.kind == "embedding"
    path = "/v1/embeddings" if is_embedding else "/v1/chat/completions"
    body = _embedding(model.name) if is_embedding else _chat(model.name, max_tokens)
    answer = _patiently(way, path, json.dumps(body).encode())
    if answer.status != 200:
        raise _refused(model.name, answer)
    document = parse_json(answer.body)
    usage = document.get("usage") or {}
    return Proof(
        model=model.name,
        answer=_said(document, is_embedding=is_embedding),
        tokens=usage.get("completion_tokens") or usage.get("prompt_tokens") or 0,
        took_s=round(time.monotonic() - began, 3),
        request_id=answer.headers.get("x-request-id"),
    )


def _chat(model: str, max_tokens: int) -> dict[str, Any]:
    messages = [{"role": "user", "content": _PROMPT}]
    return {"model": model, "messages": messages, "max_tokens": max_tokens, "temperature": 0}


def _embedding(model: str) -> dict[str, Any]:
    return {"model": model, "input": _PROMPT}


def _patiently(way: _Way, path: str, body: bytes) -> HttpAnswer:
    """One request; a gateway that has not seen its engine yet is asked again."""
    headers = {"authorization": f"Bearer {way.key}", "content-type": "application/json"}
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            answer = way.ask(
                "POST", f"{way.url}{path}", headers=headers, body=body, timeout_s=_TIMEOUT_S
            )
        except OSError as error:
            raise GatewayError(
                "The gateway does not answer the first request.",
                str(error),
                ("llmplat status", "llmplat logs gateway"),
            ) from error
        if answer.status not in _NOT_YET or time.monotonic() > deadline:
            return answer
        time.sleep(_PAUSE_S)


def _refused(model: str, answer: HttpAnswer) -> GatewayError:
    said = answer.body.decode(errors="replace")[:500]
    return GatewayError(
        f"The first request to {model} was refused.",
        f"HTTP {answer.status}: {said}",
        ("llmplat status", "llmplat logs"),
    )


def _said(document: dict[str, Any], *, is_embedding: bool) -> str:
    if is_embedding:
        return f"{len(document['data'][0]['embedding'])} numbers"
    return str(document["choices"][0]["message"]["content"] or "").strip()
