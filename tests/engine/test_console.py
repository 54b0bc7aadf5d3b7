"""The console and the record of requests on the local substrate, with the real gateway and engine behind them."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.console.browser import CHROMIUM, WHY_NOT, open_browser, sign_in
from tests.engine.real import MODEL, RealPlatform

pytestmark = pytest.mark.engine

_STORED_WITHIN_S = 15


@contextmanager
def console_of(platform: RealPlatform) -> Iterator[str]:
    """The address that `llmplat console` says, until the block ends."""
    argv = [sys.executable, "-m", "llmplat", "console", "--port", "0", "-o", "plain"]
    with subprocess.Popen(
        argv, cwd=platform.folder, env=platform.env, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert address is not None
            yield address[0]
        finally:
            process.terminate()


def ask(platform: RealPlatform, key: str) -> int:
    """A real answer; its tokens."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
    answer = httpx.post(
        f"{platform.url}/v1/chat/completions",
        headers={"authorization": f"Bearer {key}"},
        json=body,
        timeout=120,
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["usage"]["total_tokens"])


def cost_of(platform: RealPlatform, app: str) -> dict[str, int]:
    document = json.loads(platform.run("cost", "--by", "app", "-o", "json").stdout)
    rows = {row["name"]: row for row in document["rows"]}
    return dict(rows.get(app, {"answered": 0, "promptTokens": 0, "completionTokens": 0}))


def test_an_answer_is_one_record_with_the_engines_tokens(platform: RealPlatform) -> None:
    key = platform.key("open/slow")
    before = cost_of(platform, "open/slow")
    tokens = ask(platform, key)
    end_s = time.monotonic() + _STORED_WITHIN_S
    after = before
    while after["answered"] == before["answered"] and time.monotonic() < end_s:
        time.sleep(0.5)
        after = cost_of(platform, "open/slow")
    assert after["answered"] == before["answered"] + 1
    both = ("promptTokens", "completionTokens")
    assert sum(after[it] - before[it] for it in both) == tokens
    assert after["nanousd"] > before.get("nanousd", 0)


@pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)
def test_a_tenant_sees_the_real_model_and_its_spend_in_a_browser(platform: RealPlatform) -> None:
    key = platform.key("open/app")
    ask(platform, key)
    time.sleep(3)
    with console_of(platform) as url, open_browser() as browser:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        sign_in(page, url, key)
        assert re.search(r"\$0\.0\d+", page.content())
        page.goto(f"{url}/models")
        assert MODEL in page.content()
        assert "answering" in page.content()
        assert all(one.startswith(url) for one in asked)
