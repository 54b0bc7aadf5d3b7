"""Writes docs/images/console/*.png from a console that runs: python -m tests.console.screenshots.

Figures in them are made up; keys are covered before the picture is taken.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "gateway")]

from browser import CHROMIUM, WHY_NOT, open_browser, sign_in  # noqa: E402 (found by the line above)
from console_world import ConsoleWorld, add_history, open_world  # noqa: E402

FOLDER = Path(__file__).parents[2] / "docs" / "images" / "console"
AT_MOST_BYTES = 100_000
_COVER = "document.getElementById('fresh').value = 'sk-llmplat-' + '\\u2022'.repeat(32)"


def main() -> None:
    """All pages, wide and narrow, light and dark."""
    if CHROMIUM is None:
        raise SystemExit(WHY_NOT)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, open_world(Path(folder)) as world:
        _live(world)
        with open_browser() as browser:
            page = browser.new_page(viewport={"width": 900, "height": 640})
            page.goto(f"{world.url}/sign-in")
            _take(page, "sign-in")
            sign_in(page, world.url, world.red)
            page.get_by_role("button", name="New key for web").click()
            page.evaluate(_COVER)
            _take(page, "new-key")
            page.goto(f"{world.url}/tenants/red")
            page.set_viewport_size({"width": 900, "height": 720})
            _take(page, "tenant-spend")
            page.evaluate("document.getElementById('keys').scrollIntoView()")
            _take(page, "tenant-keys")
            page.set_viewport_size({"width": 320, "height": 900})
            page.emulate_media(color_scheme="dark")
            _take(page, "tenant-narrow-dark")
            page = browser.new_page(viewport={"width": 900, "height": 640})
            sign_in(page, world.url, world.blue)
            page.goto(f"{world.url}/models")
            _take(page, "models")


def _live(world: ConsoleWorld) -> None:
    """Some weeks of requests, a few refusals."""
    for _ in range(3):
        world.chat(world.red)
        world.chat(world.blue, model="vault")
        world.chat(world.red, model="vault")
    time.sleep(1.5)
    add_history(world.gateway, "red", "web", 24)
    spent = sum(day["nanousd"] for day in world.read("account", world.red).json["days"])
    month = time.strftime("%Y-%m", time.gmtime())
    for scope in ("tenant:red", "app:red/web"):
        world.gateway.redis_command("SET", f"llmplat:{{test}}:spend:{scope}:{month}", str(spent))


def _take(page: Any, name: str) -> None:
    assert "sk-llmplat-" not in page.content() or name in {"sign-in", "new-key"}
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    assert size < AT_MOST_BYTES, f"{path.name} has {size} bytes"
    sys.stdout.write(f"{path.name}: {size} bytes\n")


if __name__ == "__main__":
    main()
