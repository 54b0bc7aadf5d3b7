"""Real LiteLLM behind the guard, a real Redis and stub engines for the tests of this folder."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gateway_world import World  # found by the line above

from tests.fakes.day_turn import wait_past_turn


class _Silent:
    """A Progress that says nothing."""

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator["_Silent"]:
        yield self

    def advance(self, done_bytes: int, total_bytes: int | None) -> None: ...
    def detail(self, text: str) -> None: ...
    def note(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def hint(self, command: str) -> None: ...
    def child(self, line: str) -> None: ...


@pytest.fixture(autouse=True)
def _within_one_day() -> None:
    """No budget begins anew between two looks at it."""
    wait_past_turn()


@pytest.fixture(scope="session")
def litellm_python() -> Path:
    """The Python with the locked LiteLLM: LLMPLAT_TEST_LITELLM_PYTHON, else the locked environment."""
    given = os.environ.get("LLMPLAT_TEST_LITELLM_PYTHON")
    if given:
        return Path(given)
    from llmplat.adapters.environments import ensure_environment

    given = os.environ.get("LLMPLAT_CACHE_HOME")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(given) if given else Path(home) / "llmplat"
    return ensure_environment("litellm", cache, _Silent())


@pytest.fixture(scope="module")
def world(litellm_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An empty world with a Redis."""
    world = World(tmp_path_factory.mktemp("gateway"), litellm_python)
    try:
        world.start_redis()
        yield world
    finally:
        world.end()
