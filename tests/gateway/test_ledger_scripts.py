"""The scripts in a real Redis under generated orders of admissions, ends, crashes and clock jumps."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from gateway_world import World, make_app, make_model, make_policy, make_tenant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from llmplat.gateway import ledger as ledger_module
from llmplat.gateway.charges import Charge, Refused
from llmplat.gateway.drain import read_row
from llmplat.gateway.lanes import Lane, get_lane, get_prefix
from llmplat.gateway.ledger import Ledger
from llmplat.gateway.policy import Key, Policy
from llmplat.gateway.policy_files import parse_policy
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.store import COLUMNS

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_DAY_S = 86_400
_LIMIT = 1_000
_NUMBERS = itertools.count()
_STEP = st.one_of(
    st.tuples(st.just("admit"), st.integers(1, 400)),
    st.tuples(st.just("settle"), st.integers(0, 400)),
    st.tuples(st.just("settle twice"), st.integers(0, 400)),
    st.tuples(st.just("crash"), st.just(0)),
    st.tuples(st.just("refuse"), st.just(0)),
    # A clock that jumps over budget periods, and back.
    st.tuples(st.just("jump"), st.integers(-3 * _DAY_S, 3 * _DAY_S)),
)


def _make_policy() -> Policy:
    app = make_app(budget={"nanousd": _LIMIT, "period": "day"}, requests_per_minute=10_000)
    document = make_policy({"stub": make_model()}, {"team": make_tenant({"app": app})})
    return parse_policy(document | {"platform": f"laws-{next(_NUMBERS)}"})


class Run:
    """One platform of its own, its gateways, and what must be true at the end."""

    def __init__(self, url: str) -> None:
        self.policy = _make_policy()
        self.prefix = get_prefix(self.policy.platform)
        self.ledger = Ledger(url, None, self.prefix)
        self.redis = Redis.from_url(url, decode_responses=True)
        self.open: dict[str, tuple[Lane, int]] = {}
        self.ended: dict[str, tuple[str, str, int]] = {}
        self.now_s = 1_790_000_000.0

    async def take(self, kind: str, value: int) -> None:
        request_id = f"req-{next(_NUMBERS)}"
        if kind == "jump":
            self.now_s += value
        elif kind == "refuse":
            who = "team\x1fapp\x1f"
            await self.ledger.note(Refused(request_id, who, "interactive", "field_invalid", 1000))
            self.ended[request_id] = ("refused", "field_invalid", 0)
        elif kind == "admit":
            await self._admit(request_id, value)
        elif self.open:
            first = next(iter(self.open))
            lane, reserved = self.open.pop(first)
            if kind == "crash":
                self.ended[first] = ("failed", "lost", reserved)
                return
            nanousd = min(value, reserved)
            self.ended[first] = ("answered", "", nanousd)
            for _ in range(2 if kind == "settle twice" else 1):
                charge = Charge(tokens=1, nanousd=nanousd, prompt_tokens=1)
                await self.ledger.settle(lane, first, charge, "stub@0", 5)

    async def _admit(self, request_id: str, nanousd: int) -> None:
        key = Key("k", "team", "app", None)
        lane = get_lane(self.policy, key, self.policy.models["stub"], self.now_s)
        try:
            await self.ledger.admit(lane, request_id, "deny", 1, nanousd, slots=True)
        except RefusedError as refused:
            self.ended[request_id] = ("refused", refused.cause, 0)
            return
        self.open[request_id] = (lane, nanousd)

    async def end(self) -> None:
        """Whatever is still open was held by a gateway that is gone."""
        for request_id, (_, reserved) in self.open.items():
            self.ended[request_id] = ("failed", "lost", reserved)
        for _ in range(3):
            await asyncio.sleep(0.003)
            await self.ledger._reap_lost()

    async def close(self) -> None:
        await self.ledger.redis.connection_pool.disconnect()
        self.redis.close()

    def check(self) -> None:
        stream = self.redis.xrange(f"{self.prefix}records")
        rows = [dict(zip(COLUMNS, read_row(it["row"].encode()), strict=True)) for _, it in stream]
        told = {row["request_id"]: (row["outcome"], row["cause"], row["nanousd"]) for row in rows}
        assert len(rows) == len(told)
        assert told == self.ended
        sums: Counter[str] = Counter()
        for row in rows:
            for scope in str(row["charged"]).split():
                sums[scope] += int(row["nanousd"])
        for scope, nanousd in sums.items():
            assert int(self.redis.get(f"{self.prefix}spend:{scope}") or 0) == nanousd
            assert nanousd <= _LIMIT or not scope.startswith("app:")
        assert self.redis.zcard(f"{self.prefix}open") == 0
        assert not list(self.redis.scan_iter(f"{self.prefix}res:*"))


def play(url: str, go: Callable[[Run], Awaitable[None]]) -> None:
    """Runs `go` on a platform of its own and closes its connections."""

    async def whole() -> None:
        run = Run(url)
        try:
            await go(run)
        finally:
            await run.close()

    asyncio.run(whole())


@pytest.fixture(scope="module")
def url(world: World) -> str:
    return f"redis://:redis-password-for-tests@127.0.0.1:{world.redis_port}/0"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_STEP, max_size=25))
def test_each_request_is_one_record_and_each_period_pays_for_its_own(url, monkeypatch, steps):
    monkeypatch.setattr(ledger_module, "LEASE_MS", 1)
    monkeypatch.setattr(ledger_module, "REAP_AFTER_MS", 0)

    async def go(run: Run) -> None:
        for kind, value in steps:
            await run.take(kind, value)
        await run.end()
        run.check()

    play(url, go)


def test_a_gateway_that_lives_is_never_taken_for_lost(url, monkeypatch):
    """A lease that ended while the process was stopped, or by a clock that jumped, is renewed in time."""
    monkeypatch.setattr(ledger_module, "LEASE_MS", 1)

    async def go(run: Run) -> None:
        await run.take("admit", 5)
        await asyncio.sleep(0.01)
        await run.ledger._reap_lost()
        assert run.redis.zcard(f"{run.prefix}overdue") == 1
        monkeypatch.setattr(ledger_module, "LEASE_MS", 60_000)
        await run.ledger._renew_all()
        assert run.redis.zcard(f"{run.prefix}overdue") == 0
        await run.ledger._reap_lost()
        await run.take("settle", 3)
        await run.end()
        run.check()

    play(url, go)


def test_at_its_bound_nothing_is_admitted_and_nothing_is_recorded(url):
    async def go(run: Run) -> None:
        for _ in range(3):
            await run.take("refuse", 0)
        full = parse_policy(
            make_policy({"stub": make_model()}, {"team": make_tenant()})
            | {"platform": run.policy.platform, "ledger": {"backlog": 3}}
        )
        lane = get_lane(full, Key("k", "team", "app", None), full.models["stub"], run.now_s)
        with pytest.raises(RefusedError) as refused:
            await run.ledger.admit(lane, "req-x", "deny", 1, 1, slots=True)
        assert refused.value.cause == "ledger_full"
        await run.ledger.note(
            Refused("req-y", "team\x1fapp\x1f", "interactive", "field_invalid", 3)
        )
        assert run.redis.xlen(f"{run.prefix}records") == 3
        counts = run.redis.hgetall(f"{run.prefix}metrics")
        assert counts["unlogged\x1fledger_full"] == "1"
        assert counts["unlogged\x1ffield_invalid"] == "1"

    play(url, go)
