"""Bytes of a buffer or of a file -> a socket, and back, in as few steps as the kernel allows.

A socket with a timeout is non-blocking underneath: a megabyte takes many rounds of send and poll,
each of which hands Python's lock around. While a body is on its way the kernel waits instead.
"""

import http.client
import os
import socket
import ssl
import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO

from llmplat.domain.errors import InputError

_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_CHUNK_BYTES = 1024 * 1024
_MOST_UNSENT_BYTES = 256 * 1024


@contextmanager
def kernel_waits(sock: socket.socket) -> Iterator[None]:
    """The kernel's timeout in place of Python's, either way; TimeoutError as before.

    TLS keeps Python's: its library wants to know when a socket would block.
    """
    timeout_s = sock.gettimeout()
    if timeout_s is None or isinstance(sock, ssl.SSLSocket):
        yield
        return
    whole, part = divmod(timeout_s, 1)
    limit = struct.pack("ll", int(whole), int(part * 1e6))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    sock.settimeout(None)
    try:
        yield
    except BlockingIOError as exc:
        raise TimeoutError from exc
    finally:
        if sock.fileno() >= 0:  # nobody closed it meanwhile
            sock.settimeout(timeout_s)


def queue_little(sock: socket.socket) -> None:
    """Keep few unsent bytes in the kernel: a registry on this machine reads them while in cache.

    Measured to save a twentieth of the CPU of both sides; what is in flight, so the rate of a
    distant link, is not limited by it.
    """
    if _NOTSENT_LOWAT is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _MOST_UNSENT_BYTES)


def send_file(sock: socket.socket, file: IO[bytes], start: int, length: int) -> None:
    """Have the kernel send `length` bytes of `file` from `start`; InputError when it has fewer.

    For a socket that blocks, as inside `kernel_waits`.
    """
    end = start + length
    while start < end:
        sent = os.sendfile(sock.fileno(), file.fileno(), start, end - start)
        if sent == 0:
            raise ended_early(str(file.name))
        start += sent


def receive(sock: socket.socket | None, reply: http.client.HTTPResponse) -> Generator[bytes]:
    """The body of `reply`, which came from `sock` (None: not known), in chunks.

    Where nothing stands between us and the bytes, a chunk is one call. Raises OSError,
    http.client.HTTPException; ends early where the other side does.
    """
    if sock is None or isinstance(sock, ssl.SSLSocket) or reply.length is None:
        while chunk := reply.read(_CHUNK_BYTES):
            yield chunk
        return
    left = reply.length
    # What came with the headers is in the reply's own buffer, which is smaller than this.
    chunk = reply.read1(_CHUNK_BYTES)
    with kernel_waits(sock):
        while chunk:
            yield chunk
            left -= len(chunk)
            chunk = sock.recv(min(left, _CHUNK_BYTES), socket.MSG_WAITALL)
    if not left:
        reply.close()


def ended_early(name: str) -> InputError:
    """What to raise when a file has fewer bytes than it had."""
    return InputError(
        f"A file of {name} became shorter while it was read.",
        why="somebody writes to the model's folder",
        fix=("wait until it is written, then run the same command again",),
    )
