"""Bytes between sockets and files where the kernel waits: nothing is lost, no wait is endless."""

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmplat.adapters.oci_send import kernel_waits, receive, send_file
from llmplat.domain.errors import InputError


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of one TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname(), timeout=0.3)
        far, _ = listener.accept()
        with near, far:
            yield near, far


def test_a_peer_that_does_not_read_is_a_timeout(ends: tuple[socket.socket, socket.socket]) -> None:
    near, _ = ends
    started = time.monotonic()
    with pytest.raises(TimeoutError), kernel_waits(near):
        near.sendall(bytes(64 << 20))
    assert time.monotonic() - started < 60
    assert near.gettimeout() == 0.3


def test_a_socket_closed_meanwhile_is_left_alone(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, _ = ends
    with kernel_waits(near):
        near.close()


def test_a_file_that_became_shorter_is_said(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    near, far = ends
    path = tmp_path / "weights"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file, kernel_waits(near):
        send_file(near, file, 2, 8)
        assert far.recv(100) == b"23456789"
        with pytest.raises(InputError, match="became shorter"):
            send_file(near, file, 4, 8)


@pytest.mark.parametrize("split", [0, 5, 4000])
def test_a_body_is_received_whole_and_the_connection_kept(
    ends: tuple[socket.socket, socket.socket], split: int
) -> None:
    """However much of it came with the headers."""
    near, far = ends
    body = bytes(range(250)) * 160
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n"
    reply = answer(near, far, head + body[:split])
    far.sendall(body[split:])
    assert b"".join(receive(near, reply)) == body
    assert reply.isclosed()
    assert near.gettimeout() == 0.3


def test_a_body_that_stops_coming_is_a_timeout(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, far = ends
    reply = answer(near, far, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    chunks = receive(near, reply)
    assert next(chunks) == b"abc"
    with pytest.raises(TimeoutError):
        next(chunks)


def test_what_follows_a_body_is_not_taken(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n"
    reply = answer(near, far, head)
    far.sendall(b"x" * 30_000 + b"next")
    assert b"".join(receive(near, reply)) == b"x" * 30_000
    assert reply.isclosed()
    assert near.recv(10) == b"next"


def answer(near: socket.socket, far: socket.socket, sent: bytes) -> http.client.HTTPResponse:
    far.sendall(sent)
    reply = http.client.HTTPResponse(near)
    reply.begin()
    return reply
