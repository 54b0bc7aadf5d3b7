"""Moves records from the stream in Redis to the store, beside the requests and never in their way.

A record leaves Redis only after the store has it for certain, and the store takes each request once:
whatever is killed at whatever moment, the worst that happens is that a row is offered again.
"""

import json
import logging
import secrets
import threading
import time
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from llmplat.gateway.store import Row, Store, StoreError

EVERY_S = 0.5
_BATCH = 500
_TURN_MS = 5_000
"""How long one process drains before another may."""
_FORGET_EVERY_S = 3600.0
_log = logging.getLogger("llmplat.gateway")


def read_row(entry: bytes) -> Row:
    """The row that PUT (see scripts.py) wrote, in the order of COLUMNS."""
    request_id, at_ms, who, of_class, fields, charged = json.loads(entry)
    backend, place, prompt, completion, nanousd, duration_ms, outcome, cause = fields
    numbers = (int(it) for it in (prompt, completion, nanousd, duration_ms))
    return (
        request_id,
        int(at_ms),
        *who.split("\x1f"),
        of_class,
        backend,
        place,
        *numbers,
        outcome,
        cause,
        charged,
    )


class Drain:
    """One thread of one gateway process; of many processes one drains at a time."""

    def __init__(
        self, url: str, password: str | None, prefix: str, store: Store, keep_s: int
    ) -> None:
        self._redis: Any = Redis.from_url(
            url, password=password or None, socket_timeout=5, socket_connect_timeout=5
        )
        self._stream = f"{prefix}records"
        self._state = f"{prefix}ledger"
        self._turn = f"{prefix}drain"
        self._me = secrets.token_hex(8)
        self._store = store
        self._keep_s = keep_s
        self._forgot_s = time.monotonic()
        self._is_failing = True
        self._minute = -1
        self._turn_until_s = float("-inf")

    def start(self) -> None:
        """Begins; the thread ends with the process, at any point, without harm."""
        threading.Thread(target=self._run, name="ledger", daemon=True).start()

    def move(self) -> int:
        """Moves one batch, says how many; RedisError, or StoreError when the store takes nothing."""
        entries = self._redis.xrange(self._stream, count=_BATCH)
        minute = int(time.time() // 60)
        if not entries and minute == self._minute and not self._is_failing:
            return 0
        rows = [read_row(fields[b"row"]) for _, fields in entries]
        self._store.write(rows, minute)
        self._minute = minute
        if entries or self._is_failing:
            pipe = self._redis.pipeline(transaction=True)
            if entries:
                pipe.xdel(self._stream, *(entry for entry, _ in entries))
            pipe.hincrby(self._state, "written", len(entries))
            pipe.hset(self._state, "failing", "")
            pipe.execute()
            self._is_failing = False
        return len(entries)

    def _run(self) -> None:
        while True:
            moved = 0
            try:
                if self._has_turn():
                    moved = self.move()
                    self._forget()
            except StoreError as error:
                self._tell(str(error))
            except RedisError:
                pass
            except Exception:  # noqa: BLE001 (a thread that ends would fill the stream unseen)
                _log.exception("a record cannot be stored")
                self._tell("a record is broken")
            if moved < _BATCH:
                time.sleep(EVERY_S)

    def _has_turn(self) -> bool:
        if time.monotonic() < self._turn_until_s:
            return True
        if not self._take_turn():
            return False
        self._turn_until_s = time.monotonic() + _TURN_MS / 2000
        return True

    def _take_turn(self) -> bool:
        if self._redis.set(self._turn, self._me, nx=True, px=_TURN_MS):
            return True
        if (self._redis.get(self._turn) or b"").decode() != self._me:
            return False
        self._redis.pexpire(self._turn, _TURN_MS)
        return True

    def _tell(self, why: str) -> None:
        """Says in Redis, for metrics and status, that storing fails."""
        self._is_failing = True
        try:
            pipe = self._redis.pipeline(transaction=True)
            pipe.hset(self._state, "failing", why[:200])
            pipe.hincrby(self._state, "failures", 1)
            pipe.execute()
        except RedisError:
            return

    def _forget(self) -> None:
        """Once an hour of this process's life: at most a day of rows, so no jump of a clock empties it."""
        if time.monotonic() - self._forgot_s > _FORGET_EVERY_S:
            self._forgot_s = time.monotonic()
            self._store.forget(int((time.time() - self._keep_s) * 1000))
