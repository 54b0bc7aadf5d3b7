"""A model hub on this machine that speaks as much of the Hugging Face API as HubSource asks for.

It stands in for the network. It was written from the API's documentation, not recorded from the
real hub: what it proves is how we act on such answers, not that the hub gives them.
"""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" * 6 + "abcd"
REPOSITORY = "org/tiny"


@dataclass
class FakeHub:
    """One repository, `org/tiny`, whose `main` is COMMIT; the knobs say how it misbehaves."""

    files: dict[str, bytes]
    address: str = ""
    storage_address: str = ""
    """Where it sends those who want a file; "": to itself under another name."""
    stated_sha256: dict[str, str] = field(default_factory=dict)
    """What the API says, where it is not the truth, or where that takes too long to compute."""
    drops: list[int] = field(default_factory=list)
    """For each of the next transfers of weights: cut the connection after so many bytes."""
    busy: list[int] = field(default_factory=list)
    """For each of the next requests: answer this status instead."""
    answers_ranges: bool = True
    gated: bool = False
    chunk_bytes: int = 65536
    pause_s: float = 0.0
    """Between chunks."""
    holds_at: int | None = None
    """Transfers of weights stand still after so many bytes, until `goes_on`."""
    goes_on: threading.Event = field(default_factory=threading.Event)
    down: bool = False
    """Every connection is closed without an answer."""
    sent_bytes: Counter[str] = field(default_factory=Counter)
    starts: list[tuple[str, int]] = field(default_factory=list)
    """(path, first byte) of every transfer, in order."""
    tokens: list[tuple[str, str | None]] = field(default_factory=list)
    """(host asked, Authorization header) of every request."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Of what several connections count or take at once."""

    def take_busy(self) -> int | None:
        """The status to answer instead, counted down."""
        with self.lock:
            return self.busy.pop(0) if self.busy else None

    def take_drop(self) -> int | None:
        """After how many bytes to cut the next transfer of weights."""
        with self.lock:
            return self.drops.pop(0) if self.drops else None

    def goes(self, name: str, count: int) -> None:
        """So many bytes of that file more."""
        with self.lock:
            self.sent_bytes[name] += count


@contextmanager
def fake_hub(files: dict[str, bytes]) -> Iterator[FakeHub]:
    """A hub that serves `files` until the block ends."""
    hub = FakeHub(files)

    class Handler(_Handler):
        owner = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        hub = self.owner
        hub.tokens.append((self.headers["Host"].split(":")[0], self.headers.get("Authorization")))
        if hub.down:
            self.close_connection = True
            return
        if (status := hub.take_busy()) is not None:
            self._say(status, b"", {"Retry-After": "0"})
            return
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/models/"):
            self._info(path.removeprefix("/api/models/"))
        elif path.startswith(f"/{REPOSITORY}/resolve/{COMMIT}/"):
            name = path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")
            port = self.server.server_address[1]
            storage = hub.storage_address or f"http://localhost:{port}"
            self._say(302, b"", {"Location": f"{storage}/storage/{name}"})
        elif path.startswith("/storage/"):
            self._content(path.removeprefix("/storage/"))
        else:
            self._say(404, b"", {"X-Error-Code": "EntryNotFound"})

    def _info(self, rest: str) -> None:
        hub = self.owner
        repository, _, revision = rest.partition("/revision/")
        if repository != REPOSITORY:
            self._say(401, b"", {"X-Error-Code": "RepoNotFound"})
        elif hub.gated and not self.headers.get("Authorization"):
            self._say(403, b"", {"X-Error-Code": "GatedRepo"})
        elif revision not in {"main", COMMIT}:
            self._say(404, b"", {"X-Error-Code": "RevisionNotFound"})
        else:
            document = {"sha": COMMIT, "siblings": [self._sibling(n) for n in hub.files]}
            self._say(200, json.dumps(document).encode(), {})

    def _sibling(self, name: str) -> dict[str, object]:
        content = self.owner.files[name]
        sibling: dict[str, object] = {"rfilename": name, "size": len(content)}
        if name.endswith((".safetensors", ".bin")):
            stated = self.owner.stated_sha256.get(name) or hashlib.sha256(content).hexdigest()
            sibling["lfs"] = {"sha256": stated, "size": len(content), "pointerSize": 134}
        return sibling

    def _content(self, name: str) -> None:
        hub = self.owner
        if name not in hub.files:
            self._say(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        whole = hub.files[name]
        start, end, status = 0, len(whole), 200
        asked = self.headers.get("Range")
        if asked and hub.answers_ranges:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end, status = int(first), min(int(last) + 1, len(whole)), 206
        hub.starts.append((name, start))
        self.send_response(status)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        is_bulk = end - start > 1024
        self._send(name, memoryview(whole)[start:end], hub.take_drop() if is_bulk else None)

    def _send(self, name: str, body: memoryview, cut_after: int | None) -> None:
        hub, sent = self.owner, 0
        try:
            while sent < len(body):
                chunk = body[sent : sent + hub.chunk_bytes]
                if cut_after is not None:
                    chunk = chunk[: max(0, cut_after - sent)]
                if hub.holds_at is not None and hub.holds_at <= sent:
                    hub.goes_on.wait(600)
                if not chunk or hub.down:
                    self.close_connection = True
                    return
                hub.goes(name, len(chunk))  # before: who has read them may ask at once
                self.wfile.write(chunk)
                self.wfile.flush()
                sent += len(chunk)
                if hub.pause_s:
                    time.sleep(hub.pause_s)
        except OSError:
            self.close_connection = True

    def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
