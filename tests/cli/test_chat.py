"""`llmplat chat` against a gateway that says what the test wants, over real HTTP."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.cli.conftest import Ran

KEY = "sk-llmplat-" + "s" * 43

pytestmark = pytest.mark.enable_socket


@dataclass
class Said:
    """What the gateway answers and what it was asked."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ("Hello", " ", "there")
    asked: list[dict[str, Any]] = field(default_factory=list)
    breaks: bool = False


@pytest.fixture
def gateway(llmplat, tmp_path) -> Iterator[Said]:
    said = Said()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            said.asked.append(json.loads(body) | {"key": self.headers["authorization"]})
            content = json.dumps(said.body).encode() if said.status != 200 else events(said)
            self.send_response(said.status)
            for name, value in {**said.headers, "x-request-id": "req-7"}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content) + 100 * said.breaks))
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    assert (
        llmplat(
            "init", "--name", "talk", "--port", str(server.server_port), "-f", "platform.yaml"
        ).code
        == 0
    )
    secrets = tmp_path / "state" / "talk" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "system-key").write_text(KEY + "\n")
    yield said
    server.shutdown()
    server.server_close()


def events(said: Said) -> bytes:
    chunks: list[dict[str, Any]] = [
        {"model": "smollm2-135m", "choices": [{"delta": {"content": word}}]} for word in said.words
    ]
    chunks.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    chunks.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def test_one_question(llmplat, gateway: Said) -> None:
    ran = llmplat("chat", "Say hello.", "--max-tokens", "7", "-v")
    assert (ran.code, ran.out) == (0, "Hello there\n")
    assert "9 tokens in, 3 out" in ran.err
    asked = gateway.asked[0]
    assert asked["key"] == f"Bearer {KEY}"
    assert (asked["model"], asked["max_tokens"], asked["stream"]) == ("smollm2-135m", 7, True)
    assert asked["messages"] == [{"role": "user", "content": "Say hello."}]
    assert KEY not in ran.out + ran.err


def test_from_a_pipe_as_json(llmplat, gateway: Said) -> None:
    ran = llmplat("chat", "-o", "json", "--model", "default", stdin="Say hello.\n")
    document = json.loads(ran.out)
    assert document["text"] == "Hello there"
    assert document["usage"] == {"promptTokens": 9, "completionTokens": 3}
    assert document["requestId"] == "req-7"
    assert gateway.asked[0]["model"] == "default"
    assert gateway.asked[0]["messages"][0]["content"] == "Say hello."


def test_an_empty_prompt(llmplat, gateway: Said) -> None:
    assert llmplat("chat", stdin="  \n").code == 3
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("status", "code", "fix"),
    [
        (401, "invalid_api_key", "llmplat keys"),
        (403, "model_not_allowed", "llmplat status"),
        (429, "insufficient_quota", "budget"),
        (429, "rate_limit_exceeded", "wait"),
        (503, "over_capacity", "again"),
        (500, "nonsense", "llmplat status"),
    ],
)
def test_refusals_are_told_in_words(
    llmplat, gateway: Said, status: int, code: str, fix: str
) -> None:
    gateway.status, gateway.headers = status, {"retry-after": "7"}
    gateway.body = {"error": {"code": code, "message": "The reason."}}
    ran = llmplat("chat", "hello")
    assert ran.code == 1
    assert "error[gateway-failed]" in ran.err
    assert "The reason." in ran.err
    assert f"HTTP {status}, {code}" in ran.err
    assert "wait 7 s" in ran.err
    assert fix in ran.err
    assert "Traceback" not in ran.err


def test_an_answer_that_is_no_json(llmplat, gateway: Said) -> None:
    gateway.status, gateway.body = 502, ["a", "list"]
    assert llmplat("chat", "hello").code == 1


def test_an_answer_that_breaks_off(llmplat, gateway: Said) -> None:
    gateway.breaks = True
    ran = llmplat("chat", "hello")
    assert ran.code == 1
    assert "broke off" in ran.err


def test_nothing_runs(llmplat) -> None:
    ran = llmplat("chat", "hello")
    assert ran.code == 5
    assert "fix: llmplat up" in ran.err


def test_nothing_listens(llmplat, tmp_path) -> None:
    with socket.socket() as held:  # taken, and nobody listens
        held.bind(("127.0.0.1", 0))
        port = str(held.getsockname()[1])
        assert llmplat("init", "--name", "talk", "--port", port, "-f", "platform.yaml").code == 0
        ran = ask(llmplat, tmp_path)
    assert ran.code == 1
    assert f"Nothing answers at http://127.0.0.1:{port}." in ran.err
    assert "fix: llmplat up" in ran.err


def ask(llmplat, tmp_path) -> Ran:
    """One question with the platform's own key."""
    secrets = tmp_path / "state" / "talk" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "system-key").write_text(KEY)
    return llmplat("chat", "hello")
