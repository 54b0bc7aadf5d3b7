"""One HTTP/1.1 connection whose request bodies are written straight to the socket.

The standard library's client, because it hands out the socket: frames go from a buffer, or by the
kernel from a file, with no copy in between.
"""

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from llmplat.adapters.oci_send import receive
from llmplat.adapters.proxy import find_proxy

_MOST_ANSWER_BYTES = 16 * 1024 * 1024
"""Manifests and error texts; blobs are streamed."""


class WireError(Exception):
    """The connection could not be made, broke, or the other side does not speak HTTP."""


@dataclass(frozen=True)
class Answer:
    """What the registry said."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Body(Protocol):
    """The body of a request, written when its headers are."""

    def headers(self) -> Mapping[str, str]:
        """How its length is told."""
        ...

    def send(self, sock: socket.socket) -> None:
        """Write it; OSError when the other side is gone."""
        ...


@dataclass(frozen=True)
class Bytes:
    """A small body."""

    content: bytes

    def headers(self) -> Mapping[str, str]:
        """Its length."""
        return {"Content-Length": str(len(self.content))}

    def send(self, sock: socket.socket) -> None:
        """Write it."""
        sock.sendall(self.content)


NOTHING = Bytes(b"")


class Wire:
    """A connection to one host, opened when needed and again after it broke."""

    def __init__(
        self, scheme: str, host: str, context: ssl.SSLContext | None, timeout_s: float
    ) -> None:
        self._connection = _connection(scheme, host, context, timeout_s)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection, whatever is under way on it."""
        self._connection.close()

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None
    ) -> Answer:
        """Send one request and read the whole answer. Raises WireError.

        A connection that the other side closed while it was idle is opened again, once. When the
        other side answers before the body is through, its answer counts.
        """
        reply = self._reply(method, target, headers, body)
        try:
            content = reply.read(_MOST_ANSWER_BYTES)
            if method == "HEAD" or reply.isclosed():
                return _answer(reply, content)
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise WireError(_words(exc)) from exc
        self.close()
        return _answer(reply, content)

    def stream(self, target: str, headers: Mapping[str, str]) -> tuple[Answer, Iterator[bytes]]:
        """GET `target`: its head, and its body in chunks. Raises WireError, also in the middle."""
        reply = self._reply("GET", target, headers, None)
        return _answer(reply, b""), self._chunks(reply)

    def _chunks(self, reply: http.client.HTTPResponse) -> Iterator[bytes]:
        length = reply.length
        try:
            with closing(receive(self._connection.sock, reply)) as chunks:
                for chunk in chunks:
                    length = None if length is None else length - len(chunk)
                    yield chunk
            if length:
                raise WireError("the connection ended early")
        except (OSError, http.client.HTTPException) as exc:
            raise WireError(_words(exc)) from exc
        finally:
            if not reply.isclosed():
                self.close()

    def _reply(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None
    ) -> http.client.HTTPResponse:
        was_idle = self._connection.sock is not None
        try:
            return self._exchange(method, target, headers, body)
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            may_repeat = was_idle and (body is None or isinstance(body, Bytes))
            if not may_repeat or isinstance(exc, TimeoutError):
                raise WireError(_words(exc)) from exc
        try:
            return self._exchange(method, target, headers, body)
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise WireError(_words(exc)) from exc

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None
    ) -> http.client.HTTPResponse:
        connection = self._connection
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in {**headers, **(body.headers() if body else {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        if body is None:
            return connection.getresponse()
        try:
            body.send(connection.sock)
        except OSError as exc:
            return self._early_answer(exc)
        except BaseException:
            # The body is not whole: nothing more can be said on this connection.
            self.close()
            raise
        return connection.getresponse()

    def _early_answer(self, broke: OSError) -> http.client.HTTPResponse:
        """What the other side said before it stopped listening."""
        try:
            reply = self._connection.getresponse()
        except (OSError, http.client.HTTPException):
            raise broke from None
        if reply.status < 400:
            raise broke
        # Half of the body is unsent: the connection ends with this answer.
        reply.will_close = True
        return reply


def _connection(
    scheme: str, host: str, context: ssl.SSLContext | None, timeout_s: float
) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, timeout=timeout_s)
    proxy = find_proxy(host)
    if proxy is None:
        return http.client.HTTPSConnection(host, timeout=timeout_s, context=context)
    connection = http.client.HTTPSConnection(proxy.host, timeout=timeout_s, context=context)
    connection.set_tunnel(host, headers=proxy.headers)
    return connection


def _answer(reply: http.client.HTTPResponse, content: bytes) -> Answer:
    return Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, content)


def _words(exc: Exception) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {exc.verify_message}"
    if isinstance(exc, TimeoutError):
        return "it did not answer in time"
    if isinstance(exc, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(exc, socket.gaierror):
        return f"its name cannot be resolved ({exc.strerror})"
    return (
        str(exc.strerror or exc)
        if isinstance(exc, OSError)
        else f"it does not speak HTTP ({exc!r})"
    )
