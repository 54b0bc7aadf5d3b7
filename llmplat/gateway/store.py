"""Turns records of requests into rows that stay: SQLite on one machine, PostgreSQL in a cluster.

Rows are only ever added, and taken away by age; writing one again changes nothing, so whoever is
not sure whether a row was stored stores it again.
"""

import contextlib
import importlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

COLUMNS = (
    "request_id", "at_ms", "tenant", "app", "model", "class", "backend", "place",
    "prompt_tokens", "completion_tokens", "nanousd", "duration_ms", "outcome", "cause", "charged",
)  # fmt: skip
"""Of a row, in order. `charged` names the budgets and their periods; no text of a request is in it."""

Row = tuple[str | int, ...]
"""One record: a value for each of COLUMNS."""

_TABLE = """CREATE TABLE IF NOT EXISTS requests (
  request_id TEXT PRIMARY KEY, at_ms BIGINT NOT NULL, tenant TEXT NOT NULL, app TEXT NOT NULL,
  model TEXT NOT NULL, class TEXT NOT NULL, backend TEXT NOT NULL, place TEXT NOT NULL,
  prompt_tokens BIGINT NOT NULL, completion_tokens BIGINT NOT NULL, nanousd BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL, outcome TEXT NOT NULL, cause TEXT NOT NULL, charged TEXT NOT NULL)"""
_SCHEMA = (
    _TABLE,
    "CREATE INDEX IF NOT EXISTS requests_at ON requests (at_ms)",
    "CREATE INDEX IF NOT EXISTS requests_tenant ON requests (tenant, at_ms)",
    # One row a minute in which the platform ran.
    "CREATE TABLE IF NOT EXISTS minutes (minute BIGINT PRIMARY KEY)",
)
_NO_CHANGE = """CREATE TRIGGER IF NOT EXISTS requests_stay BEFORE UPDATE ON requests
  BEGIN SELECT RAISE(ABORT, 'records are not changed'); END"""
_WRITE = f"INSERT INTO requests ({', '.join(COLUMNS)}) VALUES ({{marks}}) ON CONFLICT DO NOTHING"  # noqa: S608 (constants)
_MINUTE = "INSERT INTO minutes (minute) VALUES ({mark}) ON CONFLICT DO NOTHING"
_FORGET = """DELETE FROM requests WHERE at_ms < {mark} AND
  at_ms < (SELECT min(at_ms) FROM requests) + 86400000"""


class StoreError(Exception):
    """The store takes nothing now, and why."""


class Store(Protocol):
    """Where records stay."""

    def write(self, rows: Sequence[Row], minute: int) -> None:
        """Stores rows, and that the platform ran in `minute` (of 1970); all or nothing.

        Raises StoreError.
        """

    def forget(self, before_ms: int) -> None:
        """Takes away rows older than `before_ms`, at most the oldest day of them; StoreError."""


def make_store(url: str) -> Store:
    """The store at `url`: sqlite:///path or postgresql://...; ValueError for another."""
    if url.startswith("sqlite://"):
        return SqliteStore(Path(url.removeprefix("sqlite://")))
    if url.startswith("postgresql://"):
        return PostgresStore(url)
    msg = "the ledger's address must begin with sqlite:// or postgresql://"
    raise ValueError(msg)


class SqliteStore:
    """A file in write-ahead mode: readers never wait, and a row is on the disk before it counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._link: sqlite3.Connection | None = None

    def write(self, rows: Sequence[Row], minute: int) -> None:
        """See Store."""
        with self._open() as link:
            link.executemany(_WRITE.format(marks=", ".join("?" * len(COLUMNS))), rows)
            link.execute(_MINUTE.format(mark="?"), (minute,))

    def forget(self, before_ms: int) -> None:
        """See Store."""
        with self._open() as link:
            link.execute(_FORGET.format(mark="?"), (before_ms,))

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._link = self._link or self._connect()
            with self._link:
                yield self._link
        except sqlite3.Error as error:
            if self._link is not None:
                self._link.close()
            self._link = None
            raise StoreError(str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        link = sqlite3.connect(self._path, timeout=5)
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("PRAGMA synchronous=FULL")
        for statement in (*_SCHEMA, _NO_CHANGE):
            link.execute(statement)
        link.commit()
        return link


class PostgresStore:
    """A PostgreSQL database; its own user may add rows, and take away old ones."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._driver: Any = importlib.import_module("psycopg")
        self._link: Any = None

    def write(self, rows: Sequence[Row], minute: int) -> None:
        """See Store."""
        with self._open() as cursor:
            if rows:
                cursor.executemany(_WRITE.format(marks=", ".join(["%s"] * len(COLUMNS))), rows)
            cursor.execute(_MINUTE.format(mark="%s"), (minute,))

    def forget(self, before_ms: int) -> None:
        """See Store."""
        with self._open() as cursor:
            cursor.execute(_FORGET.format(mark="%s"), (before_ms,))

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            self._link = self._link or self._connect()
            with self._link.transaction(), self._link.cursor() as cursor:
                yield cursor
        except self._driver.Error as error:
            if self._link is not None:
                self._link.close()
            self._link = None
            raise StoreError(type(error).__name__) from error

    def _connect(self) -> Any:  # noqa: ANN401 (the driver is not in this environment)
        link = self._driver.connect(self._url, autocommit=True, connect_timeout=5)
        for statement in _SCHEMA:
            link.execute(statement)
        return link
