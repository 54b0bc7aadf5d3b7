"""Turns an answer of the gateway's own into ASGI events."""

import json

from llmplat.gateway.refusals import (
    REFUSALS,
    RefusedError,
    make_error_body,
    make_error_headers,
)
from llmplat.gateway.upstream import Send

JSON = b"application/json"


async def send_bytes(send: Send, body: bytes, request_id: str, content_type: bytes = JSON) -> None:
    """A whole 200."""
    headers = [(b"content-type", content_type)]
    await _send(send, 200, headers, body, request_id)


async def send_json(send: Send, document: object, request_id: str) -> None:
    """A whole 200 of JSON."""
    await send_bytes(send, json.dumps(document, separators=(",", ":")).encode(), request_id)


async def send_refusal(send: Send, refused: RefusedError, request_id: str) -> None:
    """The one answer of a cause."""
    body = make_error_body(refused.cause, refused.detail, refused.param)
    headers = make_error_headers(refused.cause, refused.retry_after_s)
    if refused.cause in {"body_timeout", "body_too_large"}:
        headers.append((b"connection", b"close"))
    await _send(send, REFUSALS[refused.cause].status, headers, body, request_id)


async def _send(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes, request_id: str
) -> None:
    headers += [
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
