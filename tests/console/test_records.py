"""What one tenant may see of the stored records: the same from SQLite and from a real PostgreSQL."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.gateway.conftest import litellm_python  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[2]
_DAY_MS = 86_400_000
_CODE = """
import asyncio, json, sys
sys.path.insert(0, sys.argv[2])
from llmplat.gateway.records import Records
from llmplat.gateway.store import make_store
url, rows, since = sys.argv[1], json.loads(sys.argv[3]), int(sys.argv[4])
make_store(url).write([tuple(row) for row in rows], 1)
async def main():
    records = Records(url)
    print(json.dumps([
        await records.read_spend("red", since),
        await records.read_refusals("red", since),
        sorted(await records.read_health(since)),
    ], default=int))
asyncio.run(main())
"""


def _row(name, at_ms, tenant, outcome="answered", cause="", nanousd=10):
    return [
        name, at_ms, tenant, "web", "stub", "interactive", "stub@0", "engine", 3, 4, nanousd, 5,
        outcome, cause, "",
    ]  # fmt: skip


def _ask(python, url):
    now = (int(time.time() * 1000) // _DAY_MS) * _DAY_MS + 1000
    rows = [
        _row("a", now, "red"),
        _row("b", now - _DAY_MS, "red", nanousd=7),
        _row("c", now, "blue", nanousd=1000),
        _row("d", now, "red", "refused", "budget_app", 0),
        _row("e", now - 9 * _DAY_MS, "red", nanousd=500),
        _row("f", now, "red", "changed", "key_create_asked", 0),
        _row("g", now + 5, "red", "failed", "engine_error", 0),
    ]
    argv = [str(python), "-c", _CODE, url, str(ROOT), json.dumps(rows), str(now - 2 * _DAY_MS)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return now, json.loads(ran.stdout)


def _expected(now):
    today = now // _DAY_MS
    return [
        [[today - 1, 7, 1, 7], [today, 10, 2, 14]],
        [["web", "stub", "budget_app", 1, now]],
        [["stub", "answered", "", 3, now], ["stub", "failed", "engine_error", 1, now + 5]],
    ]


def test_sqlite_tells_each_tenant_its_own(tmp_path):
    now, told = _ask(sys.executable, f"sqlite://{tmp_path / 'ledger.sqlite'}")
    assert told == _expected(now)


@pytest.mark.gateway
@pytest.mark.enable_socket
def test_postgres_tells_the_same(postgres, litellm_python):  # noqa: F811 (the fixture)
    now, told = _ask(litellm_python, f"postgresql://usage@127.0.0.1:{postgres.port}/postgres")
    assert told == _expected(now)
