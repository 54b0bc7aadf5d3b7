"""The gateway's surface in front of one stub engine, standard library only: quick to start.

It takes the real gateway's command line and environment, checks the system key by keys.json,
passes one request at a time to the engine named in litellm.yaml and counts the tokens in Redis,
so that a test can compare spend before and after a kill. A worker process like uvicorn's does
the serving, so that the kill of its parent leaves an orphan behind.
"""

import argparse
import hashlib
import http.client
import json
import os
import re
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = Path(os.environ["LLMPLAT_GATEWAY_CONFIG_DIR"])
SPEND = "test:spend"


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health/live":
            self._answer(200, {"status": "alive"})
        elif self.path == "/llmplat/v1/usage" and self._is_known():
            self._answer(200, {"tenants": [], "spent": int(redis("GET", SPEND) or 0)})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if not self._is_known():
            self._answer(401, {})
            return
        status, document = ask_engine(self.path, body)
        if status == 200:
            redis("INCRBY", SPEND, str(document["usage"]["total_tokens"]))
        self._answer(status, document)

    def _is_known(self) -> bool:
        key = self.headers.get("authorization", "").removeprefix("Bearer ")
        known = json.loads((CONFIG / "keys.json").read_text())["keys"]
        return hashlib.sha256(key.encode()).hexdigest() in {one["sha256"] for one in known}

    def _answer(self, status: int, document: dict) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


def ask_engine(path: str, body: bytes) -> tuple[int, dict]:
    port = int(re.search(r"api_base: http://127.0.0.1:(\d+)", LITELLM).group(1))
    key = os.environ["LLMPLAT_ENGINE_KEY"]
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    engine = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        engine.request("POST", path, body, headers)
        answer = engine.getresponse()
        return answer.status, json.loads(answer.read())
    except OSError:
        return 503, {}
    finally:
        engine.close()


def redis(*words: str) -> str:
    path = os.environ["LLMPLAT_REDIS_URL"].removeprefix("unix://")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        lines = connection.makefile("rb")
        send(connection, "AUTH", os.environ["LLMPLAT_REDIS_PASSWORD"])
        assert lines.readline() == b"+OK\r\n"
        send(connection, *words)
        head = lines.readline().decode().strip()
        return lines.readline().decode().strip() if head.startswith("$") and head != "$-1" else ""


def send(connection: socket.socket, *words: str) -> None:
    parts = [f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]
    connection.sendall("".join(parts).encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    options = parser.parse_known_args()[0]
    LITELLM = (CONFIG / "litellm.yaml").read_text()
    server = ThreadingHTTPServer((options.host, options.port), Gateway)
    server.daemon_threads = True
    if os.fork():
        os.wait()
        sys.exit(1)
    server.serve_forever()
