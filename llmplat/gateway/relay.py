"""Turns LiteLLM's answer into ours, event by event: our headers, our model names, no internals, usage noted."""

import json
from collections.abc import Awaitable, Callable

from llmplat.gateway.charges import Charge
from llmplat.gateway.flight import Flight
from llmplat.gateway.refusals import make_error_body
from llmplat.gateway.upstream import Message, Send
from llmplat.gateway.usage import Usage, make_charge, make_cut_charge, read_event_usage, read_usage

Settle = Callable[[Charge], Awaitable[None]]

_USAGE = b'"usage":{'
_DONE = b"data: [DONE]"
_ERROR = b'data: {"error"'
_DECODER = json.JSONDecoder()


class Relay:
    """The `send` LiteLLM gets: streams go through at once, anything else is kept whole."""

    def __init__(self, flight: Flight, backend: str, send: Send, settle: Settle) -> None:
        self.status = 0
        self.body = b""
        self.is_streaming = False
        self._flight = flight
        self._send = send
        self._settle = settle
        self._usage: Usage | None = None
        self._has_failed = False
        self._theirs = b'"model":"%s"' % backend.encode()
        self._ours = b'"model":"%s"' % flight.model.name.encode()

    async def __call__(self, message: Message) -> None:
        """One ASGI event of LiteLLM."""
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body":
            if self.is_streaming:
                await self._pass(message.get("body", b""), has_more=message.get("more_body", False))
            else:
                self.body += message.get("body", b"")

    def make_whole(self) -> tuple[bytes, Usage | None]:
        """The kept answer with our model name, and its usage."""
        at = self.body.rfind(_USAGE)
        usage = None
        if at >= 0:
            told = _DECODER.raw_decode(self.body[at + len(_USAGE) - 1 :].decode())[0]
            usage = read_usage({"usage": told})
        return self.body.replace(self._theirs, self._ours), usage

    async def fail_stream(self, cause: str) -> None:
        """Ends a begun stream with an error event."""
        event = b"data: " + make_error_body(cause) + b"\n\ndata: [DONE]\n\n"
        await self._send({"type": "http.response.body", "body": event, "more_body": False})

    async def _start(self, message: Message) -> None:
        self.status = message["status"]
        headers = dict(message.get("headers", ()))
        kind = headers.get(b"content-type", b"")
        self.is_streaming = self.status == 200 and kind.startswith(b"text/event-stream")
        if self.is_streaming:
            ours = [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-cache"),
                (b"x-request-id", self._flight.request_id.encode()),
            ]
            await self._send({"type": "http.response.start", "status": 200, "headers": ours})

    async def _pass(self, data: bytes, *, has_more: bool) -> None:
        if _USAGE in data or _DONE in data or _ERROR in data:
            events = [await self._turn(event) for event in data.split(b"\n\n") if event.strip()]
            data = b"".join(event + b"\n\n" for event in events if event)
        if not has_more:
            await self._settle(self._make_charge())
        elif not data:
            return
        data = data.replace(self._theirs, self._ours)
        await self._send({"type": "http.response.body", "body": data, "more_body": has_more})

    async def _turn(self, event: bytes) -> bytes:
        if event.startswith(_DONE):
            await self._settle(self._make_charge())
        elif event.startswith(_ERROR):
            self._has_failed = True
            return b"data: " + make_error_body("engine_error")
        elif _USAGE in event:
            self._usage = read_event_usage(event) or self._usage
            return _make_usage_event(event) if self._flight.wish.wants_usage else b""
        return event

    def _make_charge(self) -> Charge:
        if self._has_failed:
            charge = make_cut_charge(self._flight, "failed")
            charge.cause = "engine_error"
            return charge
        if self._usage is None:
            return make_cut_charge(self._flight, "completed")
        return make_charge(self._flight, self._usage, "completed")


def _make_usage_event(event: bytes) -> bytes:
    document = json.loads(event.removeprefix(b"data: "))
    usage = document["usage"]
    document["usage"] = {
        name: usage[name]
        for name in ("prompt_tokens", "completion_tokens", "total_tokens")
        if name in usage
    }
    document["choices"] = []
    return b"data: " + json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
