"""A package index on this machine with packages made on the spot: real wheels, real hashes."""

import base64
import hashlib
import io
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def make_wheel(name: str, payload: bytes = b"") -> bytes:
    """A wheel of version 1.0 whose module says `VALUE = 42`; `payload` makes it large."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}/__init__.py": b"VALUE = 42\n",
        f"{name}/payload.dat": payload,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_digest(data)},{len(data)}\n" for path, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


@dataclass
class FakeIndex:
    """Packages by name, all at version 1.0."""

    wheels: dict[str, bytes]
    address: str = ""
    pause_s: float = 0.0
    """Between 64 KiB of a wheel."""
    fetched: Counter[str] = field(default_factory=Counter)
    """Finished transfers by package."""
    begun: threading.Event = field(default_factory=threading.Event)
    """A wheel larger than 256 KiB is on its way."""
    goes_on: threading.Event | None = None
    """Such a wheel stands still until then."""

    def lock(self) -> str:
        """A hash-pinned lock of every package."""
        return "".join(
            f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel).hexdigest()}\n"
            for name, wheel in self.wheels.items()
        )


@contextmanager
def fake_index(wheels: dict[str, bytes]) -> Iterator[FakeIndex]:
    """An index that serves `wheels` until the block ends."""
    index = FakeIndex(wheels)

    class Handler(_Handler):
        owner = index

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index.address = f"http://127.0.0.1:{server.server_address[1]}/simple"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: FakeIndex
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = [part for part in self.path.split("/") if part]
        name = parts[-1].split("-")[0]
        if name not in self.owner.wheels:
            self._head(404, 0, "text/plain")
        elif parts[0] == "simple":
            wheel = f"{name}-1.0-py3-none-any.whl"
            page = f'<!DOCTYPE html><html><body><a href="/wheels/{wheel}">{wheel}</a></body></html>'
            self._head(200, len(page), "text/html")
            self.wfile.write(page.encode())
        else:
            self._wheel(name, self.owner.wheels[name])

    def _wheel(self, name: str, wheel: bytes) -> None:
        self._head(200, len(wheel), "application/octet-stream")
        if len(wheel) > 256 * 1024:
            self.owner.begun.set()
        try:
            for start in range(0, len(wheel), 65536):
                if start and self.owner.goes_on is not None:
                    self.owner.goes_on.wait(600)
                if start + 65536 >= len(wheel):
                    self.owner.fetched[name] += 1
                self.wfile.write(wheel[start : start + 65536])
                self.wfile.flush()
                time.sleep(self.owner.pause_s)
        except OSError:
            self.close_connection = True

    def _head(self, status: int, length: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
