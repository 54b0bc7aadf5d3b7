"""A TLS connection -> a WebSocket (RFC 6455), as much of it as a port-forward needs."""

import os
import socket
import struct
from collections.abc import Iterator, Mapping
from threading import Lock

from llmplat.domain.errors import ClusterError

_BINARY, _CLOSE, _PING, _PONG = 0x2, 0x8, 0x9, 0xA
_HEAD_AT_MOST = 64 * 1024


class WebSocket:
    """Binary messages both ways; one thread may send while another reads."""

    def __init__(self, stream: socket.socket, rest: bytes) -> None:
        self._stream, self._rest, self._sending = stream, rest, Lock()

    def send(self, message: bytes) -> None:
        """One binary message."""
        self._frame(_BINARY, message)

    def messages(self) -> Iterator[bytes]:
        """Every message that is not empty, until the other side ends."""
        whole = b""
        while True:
            head = self._read(2)
            if len(head) < 2:
                return
            is_last, kind = bool(head[0] & 0x80), head[0] & 0x0F
            body = self._read(self._length(head[1] & 0x7F))
            if kind == _CLOSE:
                return
            if kind == _PING:
                self._frame(_PONG, body)
            elif kind != _PONG:
                whole += body
                if is_last and whole:
                    yield whole
                if is_last:
                    whole = b""

    def close(self) -> None:
        """Say so, and end the connection."""
        try:
            self._frame(_CLOSE, b"\x03\xe8")
        finally:
            self._stream.close()

    def _length(self, short: int) -> int:
        if short == 126:
            return int(struct.unpack(">H", self._read(2))[0])
        return int(struct.unpack(">Q", self._read(8))[0]) if short == 127 else short

    def _read(self, count: int) -> bytes:
        while len(self._rest) < count:
            chunk = self._stream.recv(max(4096, count - len(self._rest)))
            if not chunk:
                break
            self._rest += chunk
        found, self._rest = self._rest[:count], self._rest[count:]
        return found

    def _frame(self, kind: int, body: bytes) -> None:
        """A client masks what it sends (section 5.3)."""
        size = len(body)
        if size < 126:
            head = struct.pack(">BB", 0x80 | kind, 0x80 | size)
        elif size < 65_536:
            head = struct.pack(">BBH", 0x80 | kind, 0x80 | 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | kind, 0x80 | 127, size)
        mask = os.urandom(4)
        padded = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(body, "big") ^ int.from_bytes(padded, "big")).to_bytes(size, "big")
        with self._sending:
            self._stream.sendall(head + mask + masked)


def shake_hands(stream: socket.socket, path: str, headers: Mapping[str, str]) -> WebSocket:
    """Ask for a WebSocket at `path`; ClusterError with what came instead."""
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    lines = [f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in {**asked, **headers}.items())]
    stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    said = b""
    while b"\r\n\r\n" not in said and len(said) < _HEAD_AT_MOST:
        chunk = stream.recv(4096)
        if not chunk:
            break
        said += chunk
    head, _, rest = said.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].decode(errors="replace")
    if " 101 " not in f"{status} ":
        stream.close()
        more = rest[:300].decode(errors="replace")
        raise ClusterError("The cluster refused a port-forward.", f"{status} {more}".strip())
    stream.settimeout(None)
    return WebSocket(stream, rest)
