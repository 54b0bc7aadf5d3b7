"""The script inside an engine's pod, against an engine's own answers: start asks, drain waits."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from tests.fakes.ports import free_port
from tests.local.kit import wait_until

STUB = Path(__file__).parents[1] / "fakes" / "stub_engine.py"
SCRIPT = Path(__file__).parents[2] / "llmplat/catalog/data/cluster/scripts/engine_lifecycle.py"
KEY = "engine-key"


@pytest.fixture
def engine():
    port = free_port()
    options = ["--port", str(port), "--served-model-name", "m", "--ttft-ms", "5", "--itl-ms", "5"]
    process = subprocess.Popen(
        [sys.executable, str(STUB), *options], env={**os.environ, "VLLM_API_KEY": KEY}
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(url), "the engine answers")
        yield url
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def answers(url):
    try:
        return urllib.request.urlopen(f"{url}/health", timeout=5).status == 200
    except OSError:
        return False


def run(url, word, **env):
    own = {"LLMPLAT_ENGINE_URL": url, "LLMPLAT_MODEL": "m", "VLLM_API_KEY": KEY}
    quick = {"LLMPLAT_QUIET_S": "0.2", "LLMPLAT_DRAIN_S": "20"}
    return subprocess.run(
        [sys.executable, str(SCRIPT), word],
        env={"PATH": os.environ["PATH"], **own, **quick, **env},
        capture_output=True,
        timeout=300,
        check=False,
    )


def stats(url):
    request = urllib.request.Request(f"{url}/stats")
    return json.loads(urllib.request.urlopen(request, timeout=60).read())


def control(url, wish):
    data = json.dumps(wish).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/control", data), timeout=60).read()


def test_a_start_is_one_real_answer(engine):
    assert run(engine, "start").returncode == 0
    assert stats(engine)["completion_tokens"] == 1


def test_an_embedding_engine_starts_with_a_vector(engine):
    done = run(engine, "start", LLMPLAT_KIND="embedding")
    assert done.returncode == 0, done.stderr
    assert stats(engine)["requests"] == 1


@pytest.mark.parametrize(
    "wrong", [{"LLMPLAT_MODEL": "other"}, {"VLLM_API_KEY": "wrong"}], ids=["model", "key"]
)
def test_an_engine_that_cannot_answer_has_not_started(engine, wrong):
    assert run(engine, "start", **wrong).returncode != 0


def test_healthy_is_not_enough(engine):
    control(engine, {"fail": 500, "count": 1})
    assert run(engine, "start").returncode != 0
    assert run(engine, "start").returncode == 0


def test_a_drain_waits_for_the_last_answer(engine):
    control(engine, {"hold": True})
    body = json.dumps({"model": "m", "prompt": "x", "max_tokens": 1}).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{engine}/v1/completions", body, headers)
    client = threading.Thread(target=lambda: urllib.request.urlopen(request, timeout=300).read())
    client.start()
    wait_until(lambda: stats(engine)["requests"] == 1, "the request's arrival")
    begun = time.monotonic()
    threading.Timer(1.5, lambda: control(engine, {"hold": False})).start()
    assert run(engine, "drain").returncode == 0
    client.join()
    assert time.monotonic() - begun > 1.5


def test_a_drain_ends_when_its_time_is_up(engine):
    control(engine, {"hold": True})
    body = json.dumps({"model": "m", "prompt": "x", "max_tokens": 1}).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{engine}/v1/completions", body, headers)
    client = threading.Thread(target=lambda: urllib.request.urlopen(request, timeout=300).read())
    client.start()
    wait_until(lambda: stats(engine)["requests"] == 1, "the request's arrival")
    assert run(engine, "drain", LLMPLAT_DRAIN_S="1").returncode == 0
    control(engine, {"hold": False})
    client.join()
