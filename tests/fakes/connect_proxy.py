"""A small HTTP proxy that only tunnels, and knows the way to names that exist nowhere else."""

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """Where it listens, whom it leads where, and what was asked of it."""

    routes: dict[str, str]
    """host:port as asked for -> host:port to connect to."""
    account: str | None = None
    """user:password that it wants."""
    address: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def connect_proxy(routes: dict[str, str], account: str | None = None) -> Iterator[ConnectProxy]:
    """A proxy on this machine until the block ends."""
    proxy = ConnectProxy(routes, account)

    class Handler(_Handler):
        owner = proxy

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


class _Handler(socketserver.StreamRequestHandler):
    owner: ConnectProxy
    request: socket.socket

    def handle(self) -> None:
        method, target, _ = self.rfile.readline().decode().split()
        headers = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        self.owner.asked.append(f"{method} {target}")
        if self.owner.account is not None:
            wanted = base64.b64encode(self.owner.account.encode()).decode()
            if headers.get("proxy-authorization") != f"Basic {wanted}":
                self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
        place = self.owner.routes.get(target)
        if method != "CONNECT" or place is None:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        host, _, port = place.partition(":")
        with socket.create_connection((host, int(port))) as far:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, self.request), daemon=True)
            back.start()
            _pump(self.request, far)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
