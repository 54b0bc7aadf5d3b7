"""Turns an admitted request into one call of the LiteLLM app in this process that ends when the client leaves."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from llmplat.gateway.flight import FLIGHT, SCOPE_KEY, Flight

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATHS = {
    "chat": "/v1/chat/completions",
    "completion": "/v1/completions",
    "embedding": "/v1/embeddings",
}


_LEAVE_WITHIN_S = 0.5


class ClientGoneError(Exception):
    """The client left before its answer was whole."""


class LitellmFailedError(Exception):
    """LiteLLM raised instead of answering."""


async def call_litellm(
    app: App, scope: Scope, body: bytes, send: Send, gone: asyncio.Task[None], deadline_s: float
) -> None:
    """Runs LiteLLM on `body` with its events going to `send`.

    ClientGoneError and TimeoutError (past `deadline_s`, monotonic) end the call, and with it the
    connection to the engine, so that the engine frees the place. LitellmFailedError: no answer.
    """
    FLIGHT.set(scope[SCOPE_KEY])
    ended = asyncio.Event()
    call = asyncio.ensure_future(app(scope, _make_receive(body, ended), send))
    try:
        left_s = max(0.0, deadline_s - time.monotonic())
        await asyncio.wait({call, gone}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        if call.done():
            if call.exception() is not None:
                raise LitellmFailedError from call.exception()
            return
        raise ClientGoneError if gone.done() else TimeoutError
    finally:
        ended.set()
        await _end(call, is_stream=scope[SCOPE_KEY].wish.is_stream)


async def _end(call: asyncio.Future[None], *, is_stream: bool) -> None:
    """LiteLLM closes an engine's stream only when told of the leaving; a bare cancel may leak it."""
    if not call.done():
        if is_stream:
            await asyncio.wait({call}, timeout=_LEAVE_WITHIN_S)
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await call


def make_upstream_scope(scope: Scope, flight: Flight, body: bytes) -> Scope:
    """The scope LiteLLM sees: nothing of the client's but that it was admitted."""
    path = PATHS[flight.wish.route]
    trace = [(b"traceparent", flight.traceparent.encode())] if flight.traceparent else []
    return {
        "type": "http",
        "asgi": scope.get("asgi", {"version": "3.0"}),
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"gateway"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *trace,
        ],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": dict(scope.get("state") or {}),
        SCOPE_KEY: flight,
    }


def _make_receive(body: bytes, ended: asyncio.Event) -> Receive:
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        await ended.wait()
        return {"type": "http.disconnect"}

    return receive
