"""The console and the record of requests on the local substrate, with the real gateway and engine behind them."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.console.browser import CHROMIUM, WHY_NOT, open_browser, sign_in
from tests.engine.real import MODEL, RealPlatform, wait_for

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]


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
        timeout=300,
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["usage"]["total_tokens"])


def cost_of(platform: RealPlatform, app: str) -> dict[str, int]:
    document = json.loads(platform.run("cost", "--by", "app", "-o", "json").stdout)
    rows = {row["name"]: row for row in document["rows"]}
    return dict(rows.get(app, {"answered": 0, "promptTokens": 0, "completionTokens": 0}))


def wait_stored(platform: RealPlatform, app: str, before: dict[str, int]) -> dict[str, int]:
    """The cost of `app` once it has more answers than `before`."""
    after = dict(before)

    def is_stored() -> bool:
        after.update(cost_of(platform, app))
        return after["answered"] > before["answered"]

    wait_for(is_stored)
    return after


def test_an_answer_is_one_record_with_the_engines_tokens(platform: RealPlatform) -> None:
    key = platform.key("open/slow")
    before = cost_of(platform, "open/slow")
    tokens = ask(platform, key)
    after = wait_stored(platform, "open/slow", before)
    assert after["answered"] == before["answered"] + 1
    both = ("promptTokens", "completionTokens")
    assert sum(after[it] - before[it] for it in both) == tokens
    assert after["nanousd"] > before.get("nanousd", 0)


@pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)
def test_a_tenant_sees_the_real_model_and_its_spend_in_a_browser(platform: RealPlatform) -> None:
    key = platform.key("open/app")
    before = cost_of(platform, "open/app")
    ask(platform, key)
    wait_stored(platform, "open/app", before)
    with console_of(platform) as url, open_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        sign_in(page, url, key)
        assert re.search(r"\$0\.0\d+", page.content())
        page.goto(f"{url}/models")
        assert MODEL in page.content()
        assert "answering" in page.content()
        assert all(one.startswith(url) for one in asked)
