"""Turns stored records into what one tenant may see of them: spend by day, refusals by cause.

Read on a connection of its own that can write nothing; one question at a time and each answer kept
for a moment, so that a page that is asked for over and over costs the store nothing.
"""

import asyncio
import contextlib
import importlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmplat.gateway.refusals import RefusedError

_KEPT_S = 2.0
_DAY_MS = 86_400_000
_SPEND = f"""SELECT at_ms / {_DAY_MS}, sum(nanousd), count(*), sum(prompt_tokens + completion_tokens)
  FROM requests WHERE tenant = ? AND at_ms >= ? AND outcome <> 'refused' AND outcome <> 'changed'
  GROUP BY 1 ORDER BY 1"""  # noqa: S608 (constants)
_REFUSALS = """SELECT app, model, cause, count(*), max(at_ms) FROM requests
  WHERE tenant = ? AND at_ms >= ? AND outcome = 'refused' GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"""
_HEALTH = """SELECT model, outcome, cause, count(*), max(at_ms) FROM requests
  WHERE at_ms >= ? AND outcome IN ('answered', 'failed') GROUP BY 1, 2, 3"""

Rows = list[tuple[Any, ...]]


class Records:
    """The store of records, for reading."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = asyncio.Lock()
        self._kept: dict[tuple[object, ...], tuple[float, Rows]] = {}

    async def read_spend(self, tenant: str, since_ms: int) -> Rows:
        """(day since 1970, nano-dollars, requests, tokens) of `tenant`; RefusedError."""
        return await self._read(_SPEND, tenant, since_ms)

    async def read_refusals(self, tenant: str, since_ms: int) -> Rows:
        """(app, model, cause, count, last at ms) of `tenant`; RefusedError."""
        return await self._read(_REFUSALS, tenant, since_ms)

    async def read_health(self, since_ms: int) -> Rows:
        """(model, outcome, cause, count, last at ms) of all tenants; RefusedError."""
        return await self._read(_HEALTH, since_ms)

    async def _read(self, query: str, *values: str | int) -> Rows:
        # A moment counts to the second here, or no answer would be found again.
        name = (query, *(v // 1000 if isinstance(v, int) else v for v in values))
        async with self._lock:
            now = time.monotonic()
            self._kept = {k: v for k, v in self._kept.items() if v[0] > now}
            if name not in self._kept:
                rows = await asyncio.to_thread(self._ask, query, values)
                self._kept[name] = (now + _KEPT_S, rows)
            return self._kept[name][1]

    def _ask(self, query: str, values: tuple[str | int, ...]) -> Rows:
        is_file = self._url.startswith("sqlite://")
        ask: Callable[..., Rows] = _ask_sqlite if is_file else _ask_postgres
        return ask(self._url, query, values)


def _ask_sqlite(url: str, query: str, values: tuple[str | int, ...]) -> Rows:
    path = Path(url.removeprefix("sqlite://"))
    if not path.exists():
        return []
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=2)) as link:
            return link.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise RefusedError("records_unreadable") from error


def _ask_postgres(url: str, query: str, values: tuple[str | int, ...]) -> Rows:
    driver: Any = importlib.import_module("psycopg")
    try:
        with driver.connect(url, connect_timeout=3, autocommit=False) as link:
            link.read_only = True
            with link.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = '5s'")
                cursor.execute(query.replace("?", "%s"), values)
                return [tuple(row) for row in cursor.fetchall()]
    except driver.Error as error:
        raise RefusedError("records_unreadable") from error
