"""A stretch of a blob -> a request body: framed so that it can be ended cleanly, or of stated length."""

import socket
import ssl
from collections.abc import Callable, Mapping
from typing import IO

from llmplat.adapters.oci_content import FRAME_BYTES, Content, ended_early
from llmplat.adapters.oci_stop import Stop

_HEAD_BYTES = 10
"""Eight hex digits and CRLF; leading zeros are allowed (RFC 9112, 7.1)."""
_MORE = getattr(socket, "MSG_MORE", 0)


class StretchBody:
    """Bytes `start` to `end` of `content`, sent frame by frame."""

    def __init__(
        self, content: Content, start: int, end: int, stop: Stop, on_sent: Callable[[int], None]
    ) -> None:
        self._content = content
        self._stop = stop
        self._on_sent = on_sent
        self._end = end
        self.start = start
        self.grace_s = 0.0
        """How long a body of stated length may go on after a stop was asked for."""
        self.sent_to = start
        """First byte that was not written."""

    @property
    def is_whole(self) -> bool:
        """Whether all was written."""
        return self.sent_to >= self._end

    def _next_length(self) -> int:
        return min(FRAME_BYTES, self._end - self.sent_to)

    def _wrote(self, count: int) -> None:
        self.sent_to += count
        self._on_sent(count)


class OpenBody(StretchBody):
    """In HTTP chunks: a stop ends the body between two of them, and the registry keeps the rest."""

    def headers(self) -> Mapping[str, str]:
        """No length."""
        return {"Transfer-Encoding": "chunked"}

    def send(self, sock: socket.socket) -> None:
        """Write frames until the end, or until asked to stop."""
        buffer = bytearray(_HEAD_BYTES + FRAME_BYTES + 2)
        while not self.is_whole and not self._stop.is_set:
            length = self._next_length()
            span = (
                None
                if isinstance(sock, ssl.SSLSocket)
                else self._content.span(self.sent_to, length)
            )
            if span is not None:
                sock.sendall(_head(span.length), _MORE)
                send_file(sock, span.file, span.start, span.length)
                sock.sendall(b"\r\n", 0 if self.sent_to + span.length < self._end else _MORE)
                self._wrote(span.length)
                continue
            view = memoryview(buffer)
            got = self._content.read_into(view[_HEAD_BYTES : _HEAD_BYTES + length], self.sent_to)
            view[:_HEAD_BYTES] = _head(got)
            view[_HEAD_BYTES + got : _HEAD_BYTES + got + 2] = b"\r\n"
            sock.sendall(view[: _HEAD_BYTES + got + 2])
            self._wrote(got)
        sock.sendall(b"0\r\n\r\n")


class SizedBody(StretchBody):
    """With its length stated: a stop is heeded after it, or breaks it when that takes too long."""

    def headers(self) -> Mapping[str, str]:
        """Its length."""
        return {"Content-Length": str(self._end - self.start)}

    def send(self, sock: socket.socket) -> None:
        """Write all of it; KeyboardInterrupt when a stop does not leave the time."""
        buffer = memoryview(bytearray(FRAME_BYTES))
        while not self.is_whole:
            if self._stop.asked_since_s > self.grace_s:
                raise KeyboardInterrupt
            length = self._next_length()
            span = (
                None
                if isinstance(sock, ssl.SSLSocket)
                else self._content.span(self.sent_to, length)
            )
            if span is not None:
                send_file(sock, span.file, span.start, span.length)
                self._wrote(span.length)
                continue
            got = self._content.read_into(buffer[:length], self.sent_to)
            sock.sendall(buffer[:got])
            self._wrote(got)


def _head(length: int) -> bytes:
    return b"%08x\r\n" % length


def send_file(sock: socket.socket, file: IO[bytes], start: int, length: int) -> None:
    """Have the kernel send `length` bytes of `file` from `start`; InputError when it has fewer."""
    if sock.sendfile(file, start, length) < length:
        raise ended_early(str(file.name))
