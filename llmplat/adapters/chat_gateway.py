"""Questions to the running gateway over HTTP -> its streamed answer (a ChatService)."""

import json
from collections.abc import Iterator
from typing import Any

import httpx

from llmplat.adapters.gateway_errors import refused, unreachable
from llmplat.adapters.web_trust import trust_for
from llmplat.domain.chat import Message, Piece, Usage
from llmplat.domain.foreign_text import parse_json


class GatewayChat:
    """Speaks to `url` (without /v1) with `key`; waits at most `timeout_s` for each piece."""

    def __init__(self, url: str, key: str, timeout_s: float) -> None:
        self._url = url
        self._key = key
        self._timeout_s = timeout_s

    def stream(
        self, model: str, messages: tuple[Message, ...], max_tokens: int | None
    ) -> Iterator[Piece]:
        """The answer as it comes; raises GatewayError when it is refused or breaks off."""
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        try:
            yield from self._post(body)
        except httpx.HTTPError as error:
            raise unreachable(self._url, error) from error

    def _post(self, body: dict[str, Any]) -> Iterator[Piece]:
        headers = {"Authorization": f"Bearer {self._key}"}
        # trust_env off: the gateway is on this machine, a proxy in the environment is not for it.
        with (
            httpx.Client(
                timeout=httpx.Timeout(self._timeout_s, connect=5),
                trust_env=False,
                verify=trust_for(self._url),
            ) as http,
            http.stream(
                "POST", f"{self._url}/v1/chat/completions", json=body, headers=headers
            ) as answer,
        ):
            if answer.status_code != 200:
                raise refused(answer.status_code, answer.read(), dict(answer.headers))
            request_id = answer.headers.get("x-request-id")
            for line in answer.iter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    yield _piece(parse_json(line[6:]), request_id)


def _piece(event: dict[str, Any], request_id: str | None) -> Piece:
    if "error" in event:
        raise refused(502, json.dumps(event).encode(), {})
    choices = event.get("choices") or [{}]
    usage = event.get("usage")
    return Piece(
        text=(choices[0].get("delta") or {}).get("content") or "",
        model=event.get("model"),
        request_id=request_id,
        usage=Usage(usage["prompt_tokens"], usage["completion_tokens"]) if usage else None,
        finish_reason=choices[0].get("finish_reason"),
    )
