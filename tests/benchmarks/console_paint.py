"""Measures the console's first paint on loopback, and what each page weighs, in a real Chromium.

    python tests/benchmarks/console_paint.py [--times 15]

Each visit is of a fresh browser context with an empty cache; the paint is the browser's own
first-contentful-paint, counted from the start of the navigation. Over a stand-in for LiteLLM.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(_TESTS / "console"), str(_TESTS / "gateway")]

from browser import CHROMIUM, WHY_NOT, open_browser, sign_in  # noqa: E402 (found by the line above)
from console_world import ConsoleWorld, add_history, open_world  # noqa: E402

PAGES = ("/sign-in", "/models", "/tenants/red")
_PAINT = """() => new Promise(done => new PerformanceObserver(list => {
  const one = list.getEntriesByName('first-contentful-paint')[0];
  if (one) done(one.startTime);
}).observe({type: 'paint', buffered: true}))"""
_ANSWERED = "performance.getEntriesByType('navigation')[0].responseEnd"


def main() -> None:
    """One line of JSON for each page: median, worst, bytes and requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=15)
    times = parser.parse_args().times
    if CHROMIUM is None:
        raise SystemExit(WHY_NOT)
    with tempfile.TemporaryDirectory() as folder, open_world(Path(folder)) as world:
        world.chat(world.red)
        add_history(world.gateway, "red", "web", 24)
        with open_browser() as browser:
            for path in PAGES:
                visits = [_visit(browser, world, path) for _ in range(times)]
                paints = sorted(paint for paint, _, _ in visits)
                sizes = visits[-1][2]
                row = {
                    "page": path,
                    "first_paint_ms_median": round(statistics.median(paints)),
                    "first_paint_ms_best": round(paints[0]),
                    "first_paint_ms_worst": round(paints[-1]),
                    "answered_ms_median": round(statistics.median(ms for _, ms, _ in visits)),
                    "bytes": sum(sizes.values()),
                    "requests": len(sizes),
                    "times": times,
                    "load": round(os.getloadavg()[0], 1),
                }
                sys.stdout.write(json.dumps(row) + "\n")


def _visit(browser: Any, world: ConsoleWorld, path: str) -> tuple[float, float, dict[str, int]]:
    """First paint and the document's whole answer in ms, and the bytes of each answer."""
    context = browser.new_context()
    try:
        cookies = []
        if path != "/sign-in":
            page = context.new_page()
            sign_in(page, world.url, world.red)
            cookies = context.cookies()
        fresh = browser.new_context()
        try:
            fresh.add_cookies(cookies)
            page = fresh.new_page()
            sizes: dict[str, int] = {}
            page.on("response", lambda one: sizes.update({one.url: len(one.body())}))
            page.goto(world.url + path, wait_until="networkidle")
            return float(page.evaluate(_PAINT)), float(page.evaluate(_ANSWERED)), sizes
        finally:
            fresh.close()
    finally:
        context.close()


if __name__ == "__main__":
    main()
