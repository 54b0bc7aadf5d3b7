"""The ledger's drain under generated crash points: every record stored once, none lost, none changed."""

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import RedisError

from llmplat.gateway.drain import Drain
from llmplat.gateway.store import SqliteStore, Store, StoreError


class KilledError(BaseException):
    """The process ends here, whatever it was about to do."""


class Counters:
    """The stream and the state as Redis keeps them; fails or dies at the calls it is told."""

    def __init__(self) -> None:
        self.entries: dict[bytes, dict[bytes, bytes]] = {}
        self.number = 0
        self.trouble: dict[str, type[BaseException]] = {}

    def add(self, request_id: str, nanousd: int) -> None:
        self.number += 1
        fields = ["m@0", "engine", "1", "2", nanousd, 3, "answered", ""]
        charged = "tenant:t:2026-11"
        row = [request_id, str(self.number), "t\x1fa\x1fm", "interactive", fields, charged]
        self.entries[f"{self.number}-0".encode()] = {b"row": json.dumps(row).encode()}

    def xrange(self, _stream: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        self._maybe("read")
        return list(self.entries.items())[:count]

    def pipeline(self, *, transaction: bool) -> "_Pipe":
        assert transaction
        return _Pipe(self)

    def _maybe(self, where: str) -> None:
        if where in self.trouble:
            raise self.trouble.pop(where)


class _Pipe:
    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._gone: list[bytes] = []

    def xdel(self, _stream: str, *names: bytes) -> None:
        self._gone += names

    def hincrby(self, *_words: Any) -> None: ...
    def hset(self, *_words: Any) -> None: ...

    def execute(self) -> None:
        self._counters._maybe("before delete")
        for name in self._gone:
            self._counters.entries.pop(name, None)
        self._counters._maybe("after delete")


class Shaky:
    """The real store, which dies or fails just before or after it has written."""

    def __init__(self, store: Store, trouble: dict[str, type[BaseException]]) -> None:
        self._store = store
        self._trouble = trouble

    def write(self, rows: Any, minute: int) -> None:
        if "before write" in self._trouble:
            raise self._trouble.pop("before write")
        self._store.write(rows, minute)
        if "after write" in self._trouble:
            raise self._trouble.pop("after write")

    def forget(self, before_ms: int) -> None:
        self._store.forget(before_ms)


_PLACES = ("read", "before write", "after write", "before delete", "after delete")
_STEP = st.one_of(
    st.integers(0, 10**15).map(lambda nanousd: ("add", nanousd)),
    st.just(("move", None)),
    st.tuples(st.just("trouble"), st.tuples(st.sampled_from(_PLACES), st.booleans())),
)


def _drain(counters: Counters, store: Any) -> Drain:
    drain = Drain("redis://nowhere", None, "p:", store, 86400)
    drain._redis = counters
    return drain


@settings(max_examples=40, deadline=None)
@given(st.lists(_STEP, max_size=40), st.booleans())
def test_each_record_is_stored_once_whatever_dies(steps, has_two_drains):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        counters = Counters()
        sent: dict[str, int] = {}
        drains = [_drain(counters, Shaky(SqliteStore(path), counters.trouble))]
        drains += [_drain(counters, SqliteStore(path))] if has_two_drains else []
        for kind, value in steps:
            if kind == "add":
                request_id = f"req-{len(sent)}"
                sent[request_id] = value
                counters.add(request_id, value)
            elif kind == "trouble":
                where, is_kill = value
                error = StoreError if "write" in where else RedisError
                counters.trouble[where] = KilledError if is_kill else error
            else:
                for at, drain in enumerate(list(drains)):
                    try:
                        drain.move()
                    except (RedisError, StoreError):
                        continue
                    except KilledError:
                        store = Shaky(SqliteStore(path), counters.trouble)
                        drains[at] = _drain(counters, store)
        counters.trouble.clear()
        while _drain(counters, SqliteStore(path)).move():
            pass
        with closing(sqlite3.connect(path)) as link:
            stored = link.execute("SELECT request_id, nanousd FROM requests").fetchall()
        assert sorted(stored) == sorted(sent.items())


def test_records_cannot_be_changed(tmp_path):
    counters = Counters()
    counters.add("req-1", 5)
    _drain(counters, SqliteStore(tmp_path / "ledger.sqlite")).move()
    with (
        closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as link,
        pytest.raises(sqlite3.IntegrityError, match="not changed"),
    ):
        link.execute("UPDATE requests SET nanousd = 0")


@given(st.integers(0, 4_000_000_000_000))
@settings(max_examples=15, deadline=None)
def test_a_clock_that_jumped_takes_at_most_the_oldest_day(now_ms):
    """Whatever the clock says, one turn of forgetting leaves all but the oldest day."""
    day_ms = 86_400_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        store = SqliteStore(path)
        times = [day_ms * day // 2 for day in range(20)]
        rows = [
            (f"req-{at}", at, "t", "a", "m", "c", "b", "engine", 1, 1, 1, 1, "answered", "", "")
            for at in times
        ]
        store.write(rows, 0)
        store.forget(now_ms)
        with closing(sqlite3.connect(path)) as link:
            left = {row[0] for row in link.execute("SELECT at_ms FROM requests")}
        assert left == {at for at in times if at >= min(now_ms, day_ms)}
