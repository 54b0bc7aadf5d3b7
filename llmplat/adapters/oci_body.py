"""A stretch of a blob -> a request body: framed so that it can be ended cleanly, or of stated length."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from llmplat.adapters.oci_content import FRAME_BYTES, Content, Span
from llmplat.adapters.oci_send import kernel_waits, queue_little, send_file
from llmplat.adapters.oci_stop import Stop

_HEAD_BYTES = 10
"""Eight hex digits and CRLF; leading zeros are allowed (RFC 9112, 7.1)."""
_MORE = getattr(socket, "MSG_MORE", 0)
_MOST_FRAME_BYTES = 16 * FRAME_BYTES
_QUICK_S = 0.1
"""Frames that the kernel sends grow while they take no longer: a stop waits for the end of one."""


class StretchBody:
    """Bytes `start` to `end` of `content`, sent frame by frame."""

    def __init__(
        self, content: Content, start: int, end: int, stop: Stop, on_sent: Callable[[int], None]
    ) -> None:
        self._content = content
        self._stop = stop
        self._on_sent = on_sent
        self._end = end
        self._frame_bytes = FRAME_BYTES
        self.start = start
        self.grace_s = 0.0
        """How long a body of stated length may go on after a stop was asked for."""
        self.sent_to = start
        """First byte that was not written."""

    @property
    def is_whole(self) -> bool:
        """Whether all was written."""
        return self.sent_to >= self._end

    @contextmanager
    def _sending(self, sock: socket.socket) -> Iterator[memoryview]:
        """A buffer for frames, and a socket that is fit for them."""
        with kernel_waits(sock):
            if self._content.is_open:
                queue_little(sock)
            yield memoryview(bytearray(_HEAD_BYTES + FRAME_BYTES + 2))

    def _next_length(self) -> int:
        return min(FRAME_BYTES, self._end - self.sent_to)

    def _next_span(self, sock: socket.socket) -> Span | None:
        if isinstance(sock, ssl.SSLSocket):
            return None
        return self._content.span(self.sent_to, min(self._frame_bytes, self._end - self.sent_to))

    def _send_span(self, sock: socket.socket, span: Span) -> None:
        began = time.monotonic()
        send_file(sock, span.file, span.start, span.length)
        is_quick = time.monotonic() - began < _QUICK_S
        self._frame_bytes = (
            min(2 * self._frame_bytes, _MOST_FRAME_BYTES) if is_quick else FRAME_BYTES
        )

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
        with self._sending(sock) as buffer:
            while not self.is_whole and not self._stop.is_set:
                span = self._next_span(sock)
                self._send_frame(sock, span) if span else self._read_frame(sock, buffer)
            sock.sendall(b"0\r\n\r\n")

    def _send_frame(self, sock: socket.socket, span: Span) -> None:
        sock.sendall(_head(span.length), _MORE)
        self._send_span(sock, span)
        sock.sendall(b"\r\n", _MORE)
        self._wrote(span.length)

    def _read_frame(self, sock: socket.socket, buffer: memoryview) -> None:
        inside = buffer[_HEAD_BYTES : _HEAD_BYTES + self._next_length()]
        got = self._content.read_into(inside, self.sent_to)
        buffer[:_HEAD_BYTES] = _head(got)
        buffer[_HEAD_BYTES + got : _HEAD_BYTES + got + 2] = b"\r\n"
        sock.sendall(buffer[: _HEAD_BYTES + got + 2])
        self._wrote(got)


class SizedBody(StretchBody):
    """With its length stated: a stop is heeded after it, or breaks it when that takes too long."""

    def headers(self) -> Mapping[str, str]:
        """Its length."""
        return {"Content-Length": str(self._end - self.start)}

    def send(self, sock: socket.socket) -> None:
        """Write all of it; KeyboardInterrupt when a stop does not leave the time."""
        with self._sending(sock) as buffer:
            while not self.is_whole:
                if self._stop.asked_since_s > self.grace_s:
                    raise KeyboardInterrupt
                span = self._next_span(sock)
                self._send_frame(sock, span) if span else self._read_frame(sock, buffer)

    def _send_frame(self, sock: socket.socket, span: Span) -> None:
        self._send_span(sock, span)
        self._wrote(span.length)

    def _read_frame(self, sock: socket.socket, buffer: memoryview) -> None:
        got = self._content.read_into(buffer[: self._next_length()], self.sent_to)
        sock.sendall(buffer[:got])
        self._wrote(got)


def _head(length: int) -> bytes:
    return b"%08x\r\n" % length
