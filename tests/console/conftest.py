"""The console in front of our gateway over a real Redis, and a real Chromium where there is one."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "gateway")]

from console_world import ConsoleWorld, open_world  # noqa: E402 (found by the line above)
from postgres_server import serve_postgres  # noqa: E402 (also)

from tests.fakes.day_turn import wait_past_turn  # noqa: E402 (also)


@pytest.fixture(autouse=True)
def _within_one_day():
    """No budget begins anew between two looks at it."""
    wait_past_turn()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two tenants, one with a cap of its own, in front of one model."""
    with open_world(tmp_path_factory.mktemp("console")) as made:
        yield made


@pytest.fixture(scope="session")
def world_type():
    return ConsoleWorld


@pytest.fixture
def postgres():
    """A real PostgreSQL, where there is one."""
    yield from serve_postgres("console")
