"""Spans of the real LiteLLM: one trace with the engine, found by the request's id, without its text.

OpenTelemetry's SDK is in LiteLLM's image and not in the locked environment of this machine:
`.ci/setup-tests` installs it into a folder of its own.
"""

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from gateway_world import ROOT, World, ask, make_model, make_policy, make_tenant, wait_until

from llmplat.gateway.tracing import make_traceparent

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_SECRET_WORDS = "purple elephants dance"


@pytest.fixture
def received() -> Iterator[tuple[str, list[bytes]]]:
    """Where spans are sent to, and what came there."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    server.server_close()
    thread.join()


def _find_sdk() -> Path:
    """LLMPLAT_TEST_OTEL, else what .ci/setup-tests made."""
    named = os.environ.get("LLMPLAT_TEST_OTEL")
    lock = hashlib.sha256((ROOT / ".ci" / "otel.lock").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(named or cache / "llmplat-test-tools" / f"otel-{lock}")
    if not (folder / "opentelemetry" / "sdk").is_dir():
        pytest.skip("no OpenTelemetry SDK here (bash .ci/setup-tests, or LLMPLAT_TEST_OTEL)")
    return folder


def _start(world: World, url: str, share: float) -> tuple[str, str]:
    folder = _find_sdk()
    for _, child in world.gateways:
        child.end()  # or its last spans might come to whoever gets the port they were for
    engine = world.start_engine()
    world.policy = make_policy({"stub": make_model()}, {"team": make_tenant()})
    world.policy["traces"] = {"share": share}
    world.write_policy()
    world.write_litellm({"stub": [engine]})
    file = world.folder / "litellm.yaml"
    config = yaml.safe_load(file.read_text())
    config["litellm_settings"]["callbacks"].append("otel")
    config["callback_settings"] = {"otel": {"message_logging": False}}
    file.write_text(yaml.safe_dump(config))
    world.more_env |= {
        "PYTHONPATH": f"{world.folder / 'lib'}:{folder}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "NO_CONTENT",
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        "OTEL_SERVICE_NAME": "gateway",
        "OTEL_BSP_SCHEDULE_DELAY": "300",
    }
    return f"http://127.0.0.1:{world.start_gateway()}/v1/chat/completions", world.add_key(
        "team", "app"
    )


def _chat(**more: object) -> dict[str, object]:
    messages = [{"role": "user", "content": _SECRET_WORDS}]
    return {"model": "stub", "messages": messages, "max_tokens": 4, **more}


def test_spans_share_the_trace_of_the_request_and_hold_no_text(
    world: World, received: tuple[str, list[bytes]]
) -> None:
    url, bodies = received
    at, key = _start(world, url, share=1.0)
    ids = []
    for body in (_chat(), _chat(stream=True), _chat(user="ann")):
        answer = ask(at, body, key, headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"})
        assert answer.status == 200, answer.body
        ids.append(answer.headers["x-request-id"])
    traces = [bytes.fromhex(make_traceparent(one, 1.0).split("-")[1]) for one in ids]
    wait_until(lambda: all(any(t in body for body in bodies) for t in traces), 60, 0.2)
    everything = b"".join(bodies)
    assert b"gateway" in everything
    for word in _SECRET_WORDS.split():
        assert word.encode() not in everything
    assert bytes.fromhex("ab" * 16) not in everything  # a stranger's context is not taken
    assert key.encode() not in everything
    assert re.search(rb"sk-[\w.*-]{5}", everything) is None  # ids are random bytes


def test_what_is_not_sampled_makes_no_span(world: World, received: tuple[str, list[bytes]]) -> None:
    url, bodies = received
    at, key = _start(world, url, share=1e-9)
    for _ in range(5):
        assert ask(at, _chat(), key).status == 200
    with pytest.raises(AssertionError):
        wait_until(lambda: bool(bodies), 3, 0.2)
