"""A real headless Chromium, Debian's, driven by Playwright; nothing is downloaded."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

CHROMIUM = shutil.which("chromium")
WHY_NOT = "SKIPPED aloud: no chromium here (apt-get install chromium; .ci/setup-tests does it)"


@contextlib.contextmanager
def open_browser() -> Iterator[Any]:
    """The browser, ended with the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            timeout=180_000,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            browser.close()


def sign_in(page: Any, url: str, key: str) -> None:
    """By the form, as a person does."""
    page.goto(f"{url}/sign-in")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/tenants/*")
