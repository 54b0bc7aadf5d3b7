"""Bytes to a loopback port -> whatever comes back, for requests no HTTP client would send."""

import re
import socket
import time
from contextlib import suppress

from llmplat.domain.units import parse_whole
from llmplat.observe.attacks import Answered

_IDLE_S = 1.0
"""Silence after a whole answer that means no further one follows."""
_MOST_BYTES = 4 * 1024 * 1024
_STATUS = re.compile(rb"^HTTP/\d\.\d (\d{3})[^\r\n]*\r\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]+)[^\r\n]*\r\n")


def exchange(host: str, port: int, data: bytes, timeout_s: float) -> Answered:
    """Send `data` as it is and read until the other side closes or falls silent.

    A connection that is closed without an answer gives no statuses. Raises OSError when nobody
    listens, or TimeoutError when nothing at all came within `timeout_s`.
    """
    with socket.create_connection((host, port), timeout=timeout_s) as connection:
        # Refused before all was read: the answer may still be there.
        with suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(data)
        return parse(_read(connection, timeout_s))


def parse(raw: bytes) -> Answered:
    """The answers in `raw`; the first one taken apart."""
    statuses: list[int] = []
    first: tuple[tuple[tuple[str, str], ...], bytes] | None = None
    rest = raw
    while match := _STATUS.match(rest):
        status = int(match[1])
        headers, after = _headers(rest[match.end() :])
        body, rest = _body(status, dict(headers), after)
        statuses.append(status)
        if first is None and status != 100:
            first = (headers, body)
    headers, body = first or ((), b"")
    return Answered(tuple(statuses), headers, body, raw)


def _headers(text: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    head, _, rest = (b"\r\n" + text).partition(b"\r\n\r\n")
    pairs = [line.partition(b":") for line in head.split(b"\r\n") if line]
    named = [
        (n.decode("latin-1").lower().strip(), v.decode("latin-1").strip()) for n, _, v in pairs
    ]
    return tuple(named), rest


def _body(status: int, headers: dict[str, str], rest: bytes) -> tuple[bytes, bytes]:
    if status < 200 or status in {204, 304}:
        return b"", rest
    if headers.get("transfer-encoding") == "chunked":
        return _chunks(rest)
    length = parse_whole(headers.get("content-length", ""))
    size = len(rest) if length is None else length
    # An answer to HEAD names a length and brings no body: what follows is then the next answer.
    return (b"", rest) if _STATUS.match(rest) else (rest[:size], rest[size:])


def _chunks(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while match := _CHUNK.match(rest):
        size = int(match[1], 16)
        body += rest[match.end() : match.end() + size]
        rest = rest[match.end() + size + 2 :]
        if size == 0:
            break
    return body, rest


def _is_whole(raw: bytes) -> bool:
    """Whether at least one answer has come in full, so that silence means the end."""
    head, found, rest = raw.partition(b"\r\n\r\n")
    if not found:
        return False
    lowered = head.lower()
    length = re.search(rb"content-length:\s*(\d+)", lowered)
    if length:
        return len(rest) >= int(length[1])
    return b"chunked" not in lowered or rest.endswith(b"0\r\n\r\n")


def _read(connection: socket.socket, timeout_s: float) -> bytes:
    raw, end = b"", time.monotonic() + timeout_s
    while len(raw) < _MOST_BYTES:
        wait_s = _IDLE_S if _is_whole(raw) else end - time.monotonic()
        if wait_s <= 0:
            break
        connection.settimeout(wait_s)
        try:
            part = connection.recv(65_536)
        except ConnectionResetError:
            break
        except TimeoutError:
            if raw:
                break
            raise
        if not part:
            break
        raw += part
    return raw
