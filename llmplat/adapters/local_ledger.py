"""The SQLite ledger of a local platform -> sums and records; it is opened for reading only."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

from llmplat.adapters.sql_ledger import Queries, SqlLedger
from llmplat.domain.errors import PreconditionError

_SUMS = """SELECT date(at_ms / 1000, 'unixepoch'), tenant, app, model, place, outcome, cause,
  count(*), sum(prompt_tokens), sum(completion_tokens), sum(nanousd),
  CASE instr(charged, 'user:') WHEN 0 THEN '' ELSE substr(charged, instr(charged, 'user:') + 5) END AS who
  FROM requests WHERE at_ms >= ? GROUP BY 1, 2, 3, 4, 5, 6, 7, who
  ORDER BY 1, 2, 3, 4, 5, 6, 7, who"""
_LAST = "SELECT * FROM requests WHERE at_ms >= ? ORDER BY at_ms DESC, rowid DESC LIMIT ?"
_BUSY = """SELECT max(at_ms - duration_ms, ?), at_ms FROM requests WHERE model = ? AND at_ms >= ?
  AND place = 'engine' ORDER BY 1"""
_MINUTES = "SELECT count(*) FROM minutes WHERE minute >= ?"


class LocalLedger(SqlLedger):
    """A UsageLedger; a platform that never ran has an empty one."""

    queries = Queries(_SUMS, _LAST, _BUSY, _MINUTES)

    def __init__(self, path: Path) -> None:
        self._path = path

    def _read(self, query: LiteralString, *values: object) -> Iterator[tuple[Any, ...]]:
        if not self._path.exists():
            return
        try:
            address = f"{self._path.absolute().as_uri()}?mode=ro"
            with contextlib.closing(sqlite3.connect(address, uri=True, timeout=5)) as link:
                yield from link.execute(query, values)
        except sqlite3.Error as error:
            raise PreconditionError(
                "The ledger cannot be read.",
                f"{self._path}: {error}",
                ("llmplat status", f"sqlite3 {self._path} 'PRAGMA integrity_check'"),
            ) from error
