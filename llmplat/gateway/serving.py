"""Turns a checked wish of a known key into a reservation, a call of the engine and one settlement."""

import asyncio
import hashlib
import time
from dataclasses import dataclass

from llmplat.gateway.answers import send_bytes
from llmplat.gateway.backends import Backends
from llmplat.gateway.bodies import (
    Reservation,
    Wish,
    make_cache_text,
    make_headers,
    make_reservation,
    make_upstream_body,
)
from llmplat.gateway.charges import Charge
from llmplat.gateway.failures import classify, make_refusal
from llmplat.gateway.flight import Flight
from llmplat.gateway.lanes import get_lane, get_prefix
from llmplat.gateway.ledger import Ledger
from llmplat.gateway.policy import Key, Policy, ServedModel, WayOut, list_ways_out
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.relay import Relay
from llmplat.gateway.tracing import make_traceparent
from llmplat.gateway.upstream import (
    App,
    ClientGoneError,
    LitellmFailedError,
    Scope,
    Send,
    call_litellm,
    make_upstream_scope,
)
from llmplat.gateway.usage import make_charge, make_cut_charge
from llmplat.gateway.users import find_user

_EPOCH_MS = 1_767_225_600_000
"""2026-01-01: priorities are milliseconds since then, small enough for the engine."""
_PRIORITY_AT_MOST = (1 << 53) - 1
_NO_RESERVATION = Reservation(0, 0, 0)
_USES = {"connect": "fallback", "cut": "fallback", "engine_busy": "burst"}
"""What an engine's failure is for a service outside; others are not its business."""
_NO_RETRY = frozenset({"timeout", "engine_refused", "engine_error"})


@dataclass
class Line:
    """The client's end: what it sent, where its answer goes, whether it is still there."""

    scope: Scope
    send: Send
    gone: asyncio.Task[None]
    request_id: str
    deadline_s: float


class Server:
    """Admits, calls and settles."""

    def __init__(self, app: App, ledger: Ledger) -> None:
        self._app = app
        self._ledger = ledger
        self._backends = Backends()

    async def serve(
        self, line: Line, policy: Policy, key: Key, model: ServedModel, wish: Wish
    ) -> None:
        """Answers the client; RefusedError before anything was sent, ClientGoneError when it left."""
        flight = _make_flight(line, policy, key, model, wish)
        blob = await self._find_cached(flight, policy)
        if blob is not None:
            await self._serve_cached(line, flight, policy, blob)
            return
        await self._admit_somewhere(flight, policy)
        cause = "internal"
        try:
            await self._serve_admitted(line, flight, policy)
        except RefusedError as refused:
            refused.is_settled = True
            cause = refused.cause
            raise
        finally:
            await self._settle(flight, Charge(outcome="failed", cause=cause), "")

    async def _admit_somewhere(self, flight: Flight, policy: Policy) -> None:
        """Takes a place at the engines, or where they are full and it may leave, outside."""
        try:
            await self._admit(flight, policy)
        except RefusedError as refused:
            if refused.cause != "over_capacity" or not _ways(flight, "burst"):
                raise
            flight.is_burst = True
            flight.lane = get_lane(policy, flight.key, flight.model, time.time(), is_burst=True)
            await self._admit(flight, policy)

    async def _admit(self, flight: Flight, policy: Policy, *, is_cached: bool = False) -> None:
        limit = flight.lane.tokens_per_minute
        bound = flight.reservation
        if not flight.lane.has_budget:
            raise RefusedError("no_budget")
        if limit is not None and bound.tokens > limit:
            why = f"This request may come to {bound.tokens} tokens; {limit} a minute are allowed. Lower max_tokens."
            raise RefusedError("tokens_over_limit", why)
        await self._ledger.admit(
            flight.lane,
            flight.request_id,
            get_deny_name(policy, flight.key),
            bound.tokens,
            bound.nanousd,
            slots=not is_cached,
            user=flight.user,
        )

    async def _serve_admitted(self, line: Line, flight: Flight, policy: Policy) -> None:
        tried: set[str] = set()
        cuts = 0
        failed = RefusedError("engine_unreachable", retry_after_s=2)
        use = "burst" if flight.is_burst else ""
        while True:
            backend = self._pick(flight, tried, use)
            if backend is None:
                raise failed
            cause, relay = await self._try(line, flight, backend)
            if cause is None:
                if not relay.is_streaming:
                    await self._finish_whole(line, flight, policy, relay, backend)
                return
            cuts += cause == "cut"
            if cause in _NO_RETRY or cuts > 1:
                await self._settle(flight, _make_failed_charge(cause), backend)
                raise make_refusal(cause, relay.body)
            if flight.way or not (cause == "cut" and flight.model.backends == 1):
                tried.add(backend)
            failed = make_refusal(cause, relay.body)
            use = use if flight.way else _USES.get(cause, "")

    def _pick(self, flight: Flight, tried: set[str], use: str) -> str | None:
        """A place at an engine, then at a service outside for that `use`; None when all were tried."""
        flight.way = None
        model = flight.model
        backend = (
            None if flight.is_burst else self._backends.pick(model.name, model.backends, tried)
        )
        if backend is not None:
            return backend
        ways = {way.name: way for way in _ways(flight, use)}
        backend = self._backends.pick_of(list(ways), tried)
        flight.way = ways[backend] if backend is not None else None
        return backend

    async def _try(self, line: Line, flight: Flight, backend: str) -> tuple[str | None, Relay]:
        """One call of one backend: None when it answered, else the cause."""

        async def settle(charge: Charge) -> None:
            await self._settle(flight, charge, backend)

        relay = Relay(flight, backend, line.send, settle)
        may_shed = flight.lane.allowance_ms > 0
        headers = make_headers(flight.served, flight.request_id, may_shed=may_shed)
        if flight.traceparent and not flight.served.is_external:
            headers["traceparent"] = flight.traceparent
        body = make_upstream_body(flight.wish, flight.served, backend, headers, flight.priority)
        scope = make_upstream_scope(line.scope, flight, body)
        flight.tap, flight.error = None, None
        cause: str | None = "engine_error"
        try:
            await call_litellm(self._app, scope, body, relay, line.gone, line.deadline_s)
            cause = None if relay.status == 200 else classify(flight, relay.status)
        except (ClientGoneError, asyncio.CancelledError):
            await _close_stream(flight)
            await settle(make_cut_charge(flight, "aborted"))
            raise
        except LitellmFailedError:
            cause = "engine_error"
        except TimeoutError:
            await _close_stream(flight)
            await settle(make_cut_charge(flight, "timeout"))
            cause = "timeout"
        finally:
            self._backends.give(backend, is_reachable=cause not in {"connect", "cut"})
        if relay.is_streaming:
            await self._end_stream(flight, relay, backend, cause)
            cause = None
        return cause, relay

    async def _end_stream(
        self, flight: Flight, relay: Relay, backend: str, cause: str | None
    ) -> None:
        if cause is not None:
            charge = make_cut_charge(flight, "failed")
            charge.cause = "timeout" if cause == "timeout" else "engine_error"
            await self._settle(flight, charge, backend)
            await relay.fail_stream("timeout" if cause == "timeout" else "engine_error")

    async def _finish_whole(
        self, line: Line, flight: Flight, policy: Policy, relay: Relay, backend: str
    ) -> None:
        body, usage = relay.make_whole()
        await self._settle(flight, make_charge(flight, usage, "completed"), backend)
        if policy.is_cache_on:
            await self._ledger.write_blob(_get_cache_name(flight, policy), body, policy.cache_ttl_s)
        await send_bytes(line.send, body, flight.request_id)

    async def _settle(self, flight: Flight, charge: Charge, backend: str) -> None:
        if flight.is_settled:
            return
        flight.is_settled = True
        if charge.place != "cache":
            charge.place = flight.place if backend else ""
        duration_ms = round((time.monotonic() - flight.started_s) * 1000)
        await self._ledger.settle(flight.lane, flight.request_id, charge, backend, duration_ms)

    async def _find_cached(self, flight: Flight, policy: Policy) -> bytes | None:
        if not policy.is_cache_on or flight.wish.is_stream:
            return None
        blob = await self._ledger.read_blob(_get_cache_name(flight, policy))
        hit = "miss" if blob is None else "hit"
        self._ledger.count("cache", flight.key.tenant, flight.key.app, flight.model.name, hit)
        return blob

    async def _serve_cached(self, line: Line, flight: Flight, policy: Policy, blob: bytes) -> None:
        flight.reservation = _NO_RESERVATION
        await self._admit(flight, policy, is_cached=True)
        await self._settle(flight, Charge(outcome="cached", place="cache"), "cache")
        await send_bytes(line.send, blob, flight.request_id)


def get_deny_name(policy: Policy, key: Key) -> str:
    """The Redis key whose presence revokes `key`."""
    return f"{get_prefix(policy.platform)}deny:{key.id}"


def _make_flight(line: Line, policy: Policy, key: Key, model: ServedModel, wish: Wish) -> Flight:
    now_s = time.time()
    lane = get_lane(policy, key, model, now_s)
    priority = round(now_s * 1000) - _EPOCH_MS + lane.allowance_ms
    ways = list_ways_out(model, policy.tenants[key.tenant])
    return Flight(
        request_id=line.request_id,
        key=key,
        model=model,
        wish=wish,
        lane=lane,
        reservation=make_reservation(wish, model, (way.served for way in ways)),
        started_s=time.monotonic(),
        priority=max(0, min(priority, _PRIORITY_AT_MOST)),
        ways=ways,
        user=_name_user(line, policy, key),
        traceparent=make_traceparent(line.request_id, policy.trace_share),
    )


def _name_user(line: Line, policy: Policy, key: Key) -> str:
    user = find_user(line.scope, policy.tenants[key.tenant].apps[key.app])
    return f"{key.tenant}/{key.app}/{user}" if user else ""


def _ways(flight: Flight, use: str) -> list[WayOut]:
    return [way for way in flight.ways if way.use == use]


def _get_cache_name(flight: Flight, policy: Policy) -> str:
    digest = hashlib.sha256(make_cache_text(flight.wish, flight.model)).hexdigest()
    return f"{get_prefix(policy.platform)}cache:{flight.key.tenant}:{digest}"


async def _close_stream(flight: Flight) -> None:
    """Closes the engine's stream: LiteLLM does it for chat, but not for completions."""
    if flight.tap is not None:
        await flight.tap.aclose()


def _make_failed_charge(cause: str) -> Charge:
    """A failed call is free, but what ran into its time limit did work and stays reserved.

    What the engine refuses as wrong is the client's fault, and no failure of the platform.
    """
    if cause == "timeout":
        return Charge(tokens=-1, outcome="timeout")
    return Charge(outcome="refused" if cause == "engine_refused" else "failed", cause=cause)
