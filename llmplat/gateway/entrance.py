"""Turns the raw request of a stranger into a known key and a bounded body, or a refusal."""

import asyncio
import hashlib
import time

from llmplat.gateway.policy import Key
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.upstream import ClientGoneError, Receive, Scope

_BODY_WITHIN_S = 60.0
_KEY_PREFIX = "Bearer sk-llmplat-"
_KEY_AT_MOST = 256


def find_key(scope: Scope, keys: dict[str, Key]) -> Key:
    """The key the request shows; RefusedError when it shows none, two, or a bad one."""
    shown = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(shown) != 1 or len(shown[0]) > _KEY_AT_MOST:
        raise RefusedError("key_missing")
    if not shown[0].startswith(_KEY_PREFIX.encode()):
        raise RefusedError("key_unknown")
    key = keys.get(hashlib.sha256(shown[0][len("Bearer ") :]).hexdigest())
    if key is None:
        raise RefusedError("key_unknown")
    if key.expires_s is not None and key.expires_s <= time.time():
        raise RefusedError("key_expired")
    return key


def check_headers(scope: Scope) -> None:
    """RefusedError for headers that would steer LiteLLM or hide the body's form."""
    types = []
    for name, value in scope["headers"]:
        if name == b"content-type":
            types.append(value)
        elif name in {b"content-encoding", b"x-api-key", b"api-key", b"x-goog-api-key"}:
            raise RefusedError("header_refused", f"Header {name.decode()} is not taken here.")
        elif name.startswith(b"x-litellm"):
            raise RefusedError("header_refused", "Headers x-litellm-* are not taken here.")
    if len(types) != 1 or not _is_json(types[0]):
        raise RefusedError("content_type_refused")


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """The whole body; RefusedError when it is too large or too slow."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit_bytes:
            raise _make_too_large(limit_bytes)
    try:
        return await asyncio.wait_for(_collect(receive, limit_bytes), _BODY_WITHIN_S)
    except TimeoutError:
        raise RefusedError("body_timeout") from None


async def watch_leaving(receive: Receive) -> None:
    """Ends when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _collect(receive: Receive, limit_bytes: int) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part: bytes = message.get("body", b"")
        if len(body) + len(part) > limit_bytes:
            raise _make_too_large(limit_bytes)
        body = body + part if body else part
        if not message.get("more_body", False):
            return body


def _make_too_large(limit_bytes: int) -> RefusedError:
    return RefusedError("body_too_large", f"The body may have at most {limit_bytes} bytes.")


def _is_json(value: bytes) -> bool:
    parts = [part.strip() for part in value.lower().split(b";")]
    return parts[0] == b"application/json" and all(p in {b"", b"charset=utf-8"} for p in parts[1:])
