"""Plays the gateway's pod behind a port-forward: one model's answers, for one key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Asked:
    """What came through."""

    paths: list[str] = field(default_factory=list)
    refused: int = 0


@contextmanager
def answering_gateway(port: int, key: str) -> Iterator[Asked]:
    """Answer chat completions that carry `key` on `port` of loopback until the block ends."""
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            is_known = self.headers.get("authorization") == f"Bearer {key}"
            asked.refused += not is_known
            asked.paths.append(self.path)
            # Longer than one message of the stream.
            said = {"content": "Hello. " * 20_000, "role": "assistant"}
            answer = {
                "model": body["model"],
                "choices": [{"index": 0, "message": said}],
                "usage": {"completion_tokens": 3, "prompt_tokens": 9},
            }
            told = json.dumps(answer if is_known else {}).encode()
            self.send_response(200 if is_known else 401)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its own name)
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
