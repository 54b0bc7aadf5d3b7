"""One real platform for the tests of this folder: vLLM, LiteLLM with two workers, Redis.

The environments and the model come from the user's cache and are made there when missing; state
lives in a folder of the test's own and is purged at the end.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.real import PLATFORM, RealPlatform, price
from tests.fakes.day_turn import wait_past_turn

HUB_TOKEN = "hf_" + "plantedtokenofthehub" + "0" * 14
"""In the environment of every command of these tests, and nowhere else afterwards."""


@pytest.fixture(autouse=True)
def _within_one_day() -> None:
    """No budget begins anew between two looks at it."""
    wait_past_turn()


@pytest.fixture(scope="session")
def platform(request: pytest.FixtureRequest) -> Iterator[RealPlatform]:
    folder = Path(tempfile.mkdtemp(prefix="llmplat-engine-"))
    env = {
        **os.environ,
        "LLMPLAT_STATE_HOME": str(folder / "state"),
        "CI": "true",
        "HF_TOKEN": HUB_TOKEN,
    }
    file = folder / "platform.yaml"
    file.write_text(PLATFORM.replace("BUDGET", "1"))
    _, output = price(folder, env)
    # Room for about ten answers of 32 tokens, so that 50 at once must mostly be refused.
    file.write_text(PLATFORM.replace("BUDGET", f"{output * 32 * 10 / 1e9:.9f}"))
    running = RealPlatform(folder, env, "")
    try:
        done = running.run("up")
        yield RealPlatform(folder, env, done.stdout + done.stderr)
    finally:
        if request.session.testsfailed:
            print(running.run("status", check=False).stdout)
        running.run("down", "--purge", "--yes", check=False)
        shutil.rmtree(folder, ignore_errors=True)
