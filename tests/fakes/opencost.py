"""An OpenCost on loopback: its allocation API as its source has it, over allocations that a test gives.

Source: github.com/opencost/opencost, pkg/costmodel/aggregation.go (ComputeAllocationHandler),
core/pkg/opencost/allocation_json.go and allocationprops.go (GenerateKey), as of 2024-10, read 2026-11.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BEGIN = "2026-11-01T00:00:00Z"


@dataclass
class FakeOpenCost:
    """What it answers; `body` and `status` stand in for all of it."""

    url: str = ""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By key, NAMESPACE/MODEL."""
    body: str | None = None
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)

    def hold(self, key: str, gpu_hours: float | None, gpu_cost: float | None) -> None:
        """One allocation; None is what it makes of a float that is no number."""
        self.rows[key] = {
            "name": key,
            "window": {"start": BEGIN, "end": "2026-11-02T00:00:00Z"},
            "start": BEGIN,
            "end": "2026-11-02T00:00:00Z",
            "minutes": 1440.0,
            "cpuCost": 0.5,
            "gpuHours": gpu_hours,
            "gpuCost": gpu_cost,
            "totalCost": 0.5 + (gpu_cost or 0),
        }

    def answer(self, path: str) -> tuple[int, str]:
        """Status and body of one request."""
        parts = urlsplit(path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path != "/allocation":
            return 404, "404 page not found\n"
        self.asked.append(asked)
        if self.body is not None:
            return self.status, self.body
        return self.status, json.dumps(
            {"code": self.status, "status": "success", "data": [self.rows]}
        )


@contextmanager
def serve_opencost() -> Iterator[FakeOpenCost]:
    """It answers until the block ends."""
    fake = FakeOpenCost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = fake.answer(self.path)
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
