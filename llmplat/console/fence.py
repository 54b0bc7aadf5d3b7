"""Stands before every page: whose name it was asked by, where a form came from, what a browser may do."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FORM_BYTES = 4096
_LENGTH = re.compile(r"[0-9]{1,9}")
LIFE = "/health/live"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    # With no-referrer a browser sends forms of our own with `Origin: null`.
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


class Fence:
    """The pages behind `app`, for the hosts in `hosts` only."""

    def __init__(self, app: App, hosts: frozenset[str], *, is_tls: bool) -> None:
        self._app = app
        self._hosts = hosts
        self._scheme = "https" if is_tls else "http"
        more = [(b"strict-transport-security", b"max-age=31536000")] if is_tls else []
        self._headers = [*HEADERS, *more]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_fenced(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(n, v) for n, v in message["headers"] if n != b"server"]
                is_said = any(n == b"cache-control" for n, _ in kept)
                kept += (
                    self._headers if is_said else [*self._headers, (b"cache-control", b"no-store")]
                )
                message["headers"] = kept
            await send(message)

        fault = self.find_fault(scope)
        if fault is None:
            await self._app(scope, receive, send_fenced)
            return
        status, text = fault
        body = text.encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send_fenced({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def find_fault(self, scope: Scope) -> tuple[int, str] | None:
        """Status and word of what is wrong with the request; None when nothing is."""
        hosts = _values(scope, b"host")
        if scope["path"] == LIFE:  # a probe knows the pod's address only
            return None
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 421, "This console is not known by that name."
        if scope["method"] not in {"GET", "HEAD", "POST"}:
            return 405, "Not here."
        if scope["method"] != "POST":
            return None
        return self._find_form_fault(scope, hosts[0])

    def _find_form_fault(self, scope: Scope, host: str) -> tuple[int, str] | None:
        if _values(scope, b"origin") != [f"{self._scheme}://{host}"]:
            return 403, "Forms are taken from this console's own pages only."
        if _values(scope, b"content-type") != ["application/x-www-form-urlencoded"]:
            return 415, "A form is wanted."
        length = _values(scope, b"content-length")
        if len(length) != 1 or not _LENGTH.fullmatch(length[0]) or int(length[0]) > FORM_BYTES:
            return 413, "The form is too large."
        return None


def _values(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
