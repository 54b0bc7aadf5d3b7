"""Turns requests into reservations in Redis and their ends into settlements, each exactly once."""

import asyncio
import contextlib
import time
from collections import deque
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from llmplat.gateway.charges import Charge, Refused, make_settlement
from llmplat.gateway.lanes import Lane
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.scripts import ADMIT, IN_FLIGHT, NOTE, REAP, RENEW, SETTLE

Reply = Any
"""What redis-py returns, and the coroutine that will."""

LEASE_MS = 15_000
"""How long a slot outlives its gateway."""
RENEW_EVERY_S = 5.0
REAP_AFTER_MS = 30_000
"""How long after its lease a reservation may still be settled by a gateway that lives."""
_ANSWER_WITHIN_S = 3.0
_PROBE_EVERY_S = 0.2
_CONNECTIONS = 64
_OWED_AT_MOST = 20_000
_FAILURES = (RedisError, OSError, TimeoutError)


class NeverAskedError(RefusedError):
    """Redis got nothing of this call."""

    def __init__(self) -> None:
        super().__init__("counters_down")


class Ledger:
    """The one door to Redis; every failure of it is RefusedError("counters_down")."""

    def __init__(self, url: str, password: str | None, prefix: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            password=password or None,
            max_connections=_CONNECTIONS,
            timeout=_ANSWER_WITHIN_S,
            socket_timeout=_ANSWER_WITHIN_S,
            socket_connect_timeout=_ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),
        )
        self.redis: Redis = Redis(connection_pool=pool)
        self._admit = self.redis.register_script(ADMIT)
        self._settle = self.redis.register_script(SETTLE)
        self._renew = self.redis.register_script(RENEW)
        self._reap = self.redis.register_script(REAP)
        self._note = self.redis.register_script(NOTE)
        self._unsaid: deque[Refused] = deque(maxlen=_OWED_AT_MOST)
        self._in_flight = self.redis.register_script(IN_FLIGHT)
        self.prefix = prefix
        self._held: dict[str, Lane] = {}
        self._owed: deque[list[str | int]] = deque(maxlen=_OWED_AT_MOST)
        self._counts: dict[str, int] = {}
        self._is_hung = False
        self._loops: list[asyncio.Task[None]] = []

    async def admit(  # noqa: PLR0913 (what one step takes)
        self,
        lane: Lane,
        request_id: str,
        deny: str,
        tokens: int,
        nanousd: int,
        *,
        slots: bool,
        user: str = "",
    ) -> None:
        """Checks all scopes, then takes from all of them; RefusedError names the scope that said no.

        `user` goes into the record: tenant/app/id, or "".
        """
        lease_ms = LEASE_MS if slots else 0
        args: list[str | int] = [lane.text, request_id, tokens, nanousd, lease_ms, deny, 1]
        args += [LEASE_MS, user]
        try:
            cause, wait_ms, detail = await self._ask(self._admit(args=args))
        except asyncio.CancelledError:
            self._take_back(lane, request_id)
            raise
        except RefusedError as refused:
            if not isinstance(refused, NeverAskedError):
                self._take_back(lane, request_id)
            raise
        verdict = cause.decode()
        if verdict != "ok":
            wait_s = -(-int(wait_ms) // 1000)
            no = RefusedError(verdict, _tell_rest(detail.decode()), retry_after_s=wait_s)
            no.is_counted = True
            raise no
        if slots:
            self._held[request_id] = lane

    async def settle(
        self, lane: Lane, request_id: str, charge: Charge, backend: str, duration_ms: int
    ) -> None:
        """Charges what it came to and frees the slots; kept and tried again while Redis is away."""
        self._held.pop(request_id, None)
        args = make_settlement(lane, request_id, charge, backend, duration_ms)
        try:
            await self._ask(self._settle(args=args))
        except RefusedError:
            self._owed.append(args)
        except asyncio.CancelledError:
            self._owed.append(args)
            raise

    async def note(self, refused: Refused) -> None:
        """Records a refusal; kept and tried again while Redis is away."""
        try:
            await self._say(refused)
        except RefusedError:
            self._put_off(refused)
        except asyncio.CancelledError:
            self._put_off(refused)
            raise

    async def read_ledger(self) -> dict[str, str]:
        """How the storing of records goes: backlog, written, failing, and since when."""
        told = await self._ask(self.redis.hgetall(f"{self.prefix}ledger"))
        waiting = await self._ask(self.redis.xlen(f"{self.prefix}records"))
        return {name.decode(): value.decode() for name, value in told.items()} | {
            "backlog": str(waiting)
        }

    async def is_denied(self, deny: str) -> bool:
        """Whether the key with this deny entry is revoked."""
        return bool(await self._ask(self.redis.exists(deny)))

    async def run(self, script: str, args: list[str | int]) -> Reply:
        """What a script of ours says; Redis runs it as one step."""
        return await self._ask(self.redis.eval(script, 0, *args))

    async def read_hash(self, name: str) -> dict[str, str]:
        """The fields of the hash `name` of this platform."""
        told = await self._ask(self.redis.hgetall(f"{self.prefix}{name}"))
        return {field.decode(): value.decode() for field, value in told.items()}

    async def read_counts(self, sets: list[str]) -> list[int]:
        """How many slots are held in each of `sets`."""
        return [int(n) for n in await self._ask(self._in_flight(args=sets))] if sets else []

    async def read_numbers(self, names: list[str]) -> list[int]:
        """The integer counters `names`, 0 where there is none yet."""
        values = await self._ask(self.redis.mget(names)) if names else []
        return [int(value or 0) for value in values]

    async def read_metrics(self) -> dict[str, int]:
        """All metric counters of the platform."""
        await self._flush_counts()
        raw = await self._ask(self.redis.hgetall(f"{self.prefix}metrics"))
        return {name.decode(): int(value) for name, value in raw.items()}

    async def read_blob(self, name: str) -> bytes | None:
        """The bytes under `name`."""
        blob: bytes | None = await self._ask(self.redis.get(name))
        return blob

    async def write_blob(self, name: str, blob: bytes, ttl_s: int) -> None:
        """Keeps `blob` for `ttl_s` seconds."""
        await self._ask(self.redis.set(name, blob, ex=ttl_s))

    def count(self, *labels: str) -> None:
        """Adds one to a metric; written to Redis within a second."""
        name = "\x1f".join(labels)
        self._counts[name] = self._counts.get(name, 0) + 1

    def start(self) -> None:
        """Starts the loops that renew leases and pay what is owed."""
        self._loops = [
            asyncio.create_task(loop) for loop in (self._keep_renewing(), self._keep_paying())
        ]

    async def stop(self) -> None:
        """Pays what is owed and closes the connections."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        with contextlib.suppress(RefusedError):
            await self._pay()
        await self.redis.aclose()

    async def _ask(self, call: Reply) -> Reply:
        if self._is_hung:
            call.close()
            raise NeverAskedError
        try:
            return await call
        except _FAILURES as error:
            self._is_hung = isinstance(error, TimeoutError | RedisTimeoutError)
            if "connecting to" in str(error):
                raise NeverAskedError from error
            raise RefusedError("counters_down") from error

    def _take_back(self, lane: Lane, request_id: str) -> None:
        """Redis may or may not have reserved: whichever, it shall not stay."""
        void = Charge(outcome="void")
        self._owed.append(make_settlement(lane, request_id, void, "", 0))

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            with contextlib.suppress(RefusedError):
                await self._renew_all()
                await self._reap_lost()

    async def _reap_lost(self) -> None:
        """Turns reservations that no gateway renews any more into records."""
        await self._ask(self._reap(args=[self.prefix, REAP_AFTER_MS]))

    async def _say(self, refused: Refused) -> None:
        args: list[str | int] = [self.prefix, refused.backlog, refused.request_id, refused.who]
        await self._ask(self._note(args=[*args, refused.class_name, refused.cause]))

    def _put_off(self, refused: Refused) -> None:
        if len(self._unsaid) == _OWED_AT_MOST:
            self.count("unlogged", self._unsaid[0].cause)
        self._unsaid.append(refused)

    async def _renew_all(self) -> None:
        held = list(self._held.items())
        for start in range(0, len(held), 200):
            args: list[str | int] = [self.prefix, LEASE_MS]
            for request_id, lane in held[start : start + 200]:
                args += (request_id, lane.slots)
            await self._ask(self._renew(args=args))

    async def _keep_paying(self) -> None:
        flushed_s = 0.0
        while True:
            await asyncio.sleep(_PROBE_EVERY_S)
            with contextlib.suppress(*_FAILURES, RefusedError):
                if self._is_hung:
                    await asyncio.wait_for(self.redis.ping(), 1.0)
                    self._is_hung = False
                await self._pay()
                if time.monotonic() - flushed_s > 1:
                    flushed_s = time.monotonic()
                    await self._flush_counts()

    async def _pay(self) -> None:
        while self._owed:
            await self._ask(self._settle(args=self._owed[0]))
            self._owed.popleft()
        while self._unsaid:
            await self._say(self._unsaid[0])
            self._unsaid.popleft()

    async def _flush_counts(self) -> None:
        counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            pipe = self.redis.pipeline(transaction=True)
            for name, number in counts.items():
                _ = pipe.hincrby(f"{self.prefix}metrics", name, number)
            await self._ask(pipe.execute())
        except RefusedError:
            for name, number in counts.items():
                self._counts[name] = self._counts.get(name, 0) + number
            raise


def _tell_rest(nanousd: str) -> str:
    return f"Left: ${max(0, int(nanousd)) / 1e9:.9f}." if nanousd else ""
