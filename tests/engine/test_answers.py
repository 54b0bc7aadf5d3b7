"""A real answer from the real engine, as people and programs ask for it."""

import re
import shlex
import subprocess

import openai
import pytest

from tests.engine.real import MODEL, RealPlatform, wait_for

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]


def test_up_printed_a_curl_line_that_works(platform: RealPlatform) -> None:
    line = re.search(r"curl .*", platform.up_stdout)
    assert line, platform.up_stdout
    key = platform.key("open/app")
    command = line.group(0).replace("$KEY", key)
    done = subprocess.run(
        shlex.split(command), capture_output=True, text=True, timeout=400, check=True
    )
    assert '"content"' in done.stdout


def test_the_openai_client_works(platform: RealPlatform) -> None:
    with openai.OpenAI(base_url=f"{platform.url}/v1", api_key=platform.key("open/app")) as client:
        question = "What is the capital of France? Answer in one sentence."
        answer = client.chat.completions.create(
            model="default", messages=[{"role": "user", "content": question}], temperature=0
        )
        assert "Paris" in str(answer.choices[0].message.content)
        assert next(m.id for m in client.models.list()) in {MODEL, "default"}


def test_the_openai_client_streams(platform: RealPlatform) -> None:
    with openai.OpenAI(base_url=f"{platform.url}/v1", api_key=platform.key("open/app")) as client:
        stream = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Count to five."}],
            stream=True, max_tokens=24, temperature=0,
        )  # fmt: skip
        parts = [c.choices[0].delta.content or "" for c in stream if c.choices]
    assert len(parts) > 5
    assert "".join(parts).strip()


def test_one_request_id_from_answer_to_engine_log(platform: RealPlatform) -> None:
    with openai.OpenAI(base_url=f"{platform.url}/v1", api_key=platform.key("open/app")) as client:
        raw = client.chat.completions.with_raw_response.create(
            model=MODEL,
            messages=[{"role": "user", "content": "A planted phrase: zanzibar-7."}],
            max_tokens=4,
        )
    request_id = raw.headers["x-request-id"]
    assert request_id.startswith("req-")

    def log() -> str:
        return platform.run("logs", f"engine-{MODEL}", "--lines", "400", check=False).stdout

    wait_for(lambda: request_id in log(), 60)
    assert "zanzibar-7" not in log()
