"""A TCP relay that counts what passes, holds it to a rate, and cuts connections on demand."""

import fcntl
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_CHUNK_BYTES = 256 * 1024
"""What a pipe holds: few steps a second, and little that is lost when a connection is cut."""
_BURST_S = 0.01
"""How much of a pause is made up for: the rate holds although a sleep takes longer than asked."""


@dataclass
class Relay:
    """Stands between a client and `target`."""

    target: tuple[str, int]
    rate_bytes_per_s: float | None = None
    """Of all connections together, towards the target."""
    back_rate_bytes_per_s: float | None = None
    """The same towards the client."""
    address: str = ""
    sent_bytes: int = 0
    """Towards the target, headers included."""
    returned_bytes: int = 0
    _held_at: int | None = None
    _cuts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _may_go: threading.Condition = field(default_factory=threading.Condition)
    _free_at: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _pairs: list[tuple[socket.socket, socket.socket]] = field(default_factory=list)

    def hold_at(self, sent_bytes: int | None) -> None:
        """Nothing goes on towards the target beyond so many bytes; None: all goes on again.

        What a test does to a client halfway meets it halfway, however late the test comes to it.
        """
        with self._may_go:
            self._held_at = sent_bytes
            self._may_go.notify_all()

    def cut(self) -> None:
        """Break every connection that is open now."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        with self._may_go:
            self._cuts += 1
            self._may_go.notify_all()
        for pair in pairs:
            for one in pair:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, timeout=30)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs.append((client, server))
            threading.Thread(target=self._both, args=(client, server), daemon=True).start()

    def _both(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._pump, args=(server, client, 1), daemon=True)
        back.start()
        self._pump(client, server, 0)
        back.join()
        client.close()
        server.close()

    def _pump(self, source: socket.socket, sink: socket.socket, way: int) -> None:
        # By the kernel, so that the relay costs next to nothing beside what is measured.
        pipe_out, pipe_in = os.pipe()
        fcntl.fcntl(pipe_in, fcntl.F_SETPIPE_SZ, _CHUNK_BYTES)
        cuts = self._cuts
        with suppress(OSError):
            while count := os.splice(source.fileno(), pipe_in, _CHUNK_BYTES):
                self._wait(count, way)
                if way == 0:
                    self._await_going(cuts)
                while count:
                    count -= os.splice(pipe_out, sink.fileno(), count)
        os.close(pipe_out)
        os.close(pipe_in)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _await_going(self, cuts: int) -> None:
        with self._may_go:
            self._may_go.wait_for(
                lambda: (
                    self._held_at is None or self.sent_bytes <= self._held_at or self._cuts > cuts
                )
            )

    def _wait(self, count: int, way: int) -> None:
        rate = (self.rate_bytes_per_s, self.back_rate_bytes_per_s)[way]
        with self._lock:
            if way == 0:
                self.sent_bytes += count
            else:
                self.returned_bytes += count
            if rate is None:
                return
            now = time.monotonic()
            self._free_at[way] = max(self._free_at[way], now - _BURST_S) + count / rate
            wait_s = self._free_at[way] - now
        if wait_s > 0:
            time.sleep(wait_s)


@contextmanager
def relay_to(
    address: str, rate_bytes_per_s: float | None = None, back_rate_bytes_per_s: float | None = None
) -> Iterator[Relay]:
    """A relay before `address` (host:port) until the block ends."""
    host, _, port = address.rpartition(":")
    relay = Relay((host, int(port)), rate_bytes_per_s, back_rate_bytes_per_s)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay.address = f"127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=relay._serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            relay.cut()
            thread.join(5)
