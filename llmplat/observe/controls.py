"""The platform's controls, each as a way to try whether it holds."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from llmplat.domain.ports import HttpAnswer
from llmplat.domain.units import parse_whole
from llmplat.observe.attacks import CHAT
from llmplat.observe.verify import Checked, Control, Site

REVOKED_WITHIN_S = 5.0
_SETTLE_S = 20.0
_ACCOUNTED_REQUESTS = 3
_PARALLEL = 6
_LONG_TOKENS = 96


def keys_are_needed(site: Site) -> Iterator[Checked]:
    """Nobody without a good key is served."""
    for name, key in (("no key", None), ("an unknown key", f"sk-llmplat-{'A' * 43}")):
        answer = _chat(site, key)
        yield _expect(name, answer, 401, "invalid_api_key")


def models_are_fenced(site: Site) -> Iterator[Checked]:
    """A key that may not use a model is told so, and is not shown it either."""
    key = site.lend_key("verify-models").secret
    yield _expect("a model the key may not use", _chat(site, key), 403, "model_not_allowed")
    listed = json.loads(site.ask("GET", "/v1/models", key, None).body)["data"]
    seen = f"{len(listed)} models"
    yield Checked("its list of models", not listed, "no models", seen)


def requests_are_limited(site: Site) -> Iterator[Checked]:
    """A third request in a minute that allows two is told when to come back."""
    key = site.lend_key("verify-rate").secret
    answers = [_chat(site, key) for _ in range(5)]
    refused = [answer for answer in answers if answer.status == 429]
    served = sum(answer.status == 200 for answer in answers)
    # Two a minute; a run across the turn of a minute may see both minutes' two.
    seen = f"{served} of 5 served, {len(refused)} refused"
    yield Checked(
        "requests per minute", 0 <= served <= 4 and bool(refused), "at most 2 a minute", seen
    )
    if refused:
        yield _expect("the refusal", refused[-1], 429, "rate_limit_exceeded")
        wait = refused[-1].headers.get("retry-after", "none")
        yield Checked("its Retry-After", 1 <= (parse_whole(wait) or 0) <= 60, "1 to 60 s", wait)


def parallel_is_limited(site: Site) -> Iterator[Checked]:
    """Where one request at a time is allowed, others beside it are refused at once."""
    key = site.lend_key("verify-parallel").secret
    with ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
        answers = list(pool.map(lambda _: _chat(site, key, _LONG_TOKENS), range(_PARALLEL)))
    statuses = sorted(answer.status for answer in answers)
    seen = f"{statuses.count(200)} served, {statuses.count(429)} refused of {_PARALLEL} at once"
    held = 200 in statuses and 429 in statuses and set(statuses) <= {200, 429}
    yield Checked("parallel requests", held, "one served, the others 429", seen)


def budgets_are_kept(site: Site) -> Iterator[Checked]:
    """A spent budget refuses before the engine is touched, and asks for no retry."""
    key = site.lend_key("verify-budget").secret
    before = site.engine_tokens()
    answer = _chat(site, key)
    yield _expect("a spent budget", answer, 429, "insufficient_quota")
    retry = answer.headers.get("x-should-retry", "none")
    yield Checked("its x-should-retry", retry == "false", "false", retry)
    yield Checked(
        "no Retry-After",
        "retry-after" not in answer.headers,
        "none",
        answer.headers.get("retry-after", "none"),
    )
    moved = tuple(now - then for now, then in zip(site.engine_tokens(), before, strict=True))
    yield Checked("the engine", moved == (0, 0), "not touched", f"{sum(moved)} tokens")


def revocation_is_quick(site: Site) -> Iterator[Checked]:
    """A revoked key is refused within seconds."""
    key = site.lend_key("verify")
    yield Checked("before", _chat(site, key.secret).status == 200, "served", "served or not")
    started = time.monotonic()
    site.revoke_key(key)
    took_s = _until_refused(site, key.secret, started)
    seen = "never" if took_s is None else f"after {took_s:.2f} s"
    held = took_s is not None and took_s <= REVOKED_WITHIN_S
    yield Checked("after revocation", held, f"401 within {REVOKED_WITHIN_S:.0f} s", seen)


def _until_refused(site: Site, key: str, started: float) -> float | None:
    while time.monotonic() - started < 4 * REVOKED_WITHIN_S:
        if site.ask("GET", "/v1/models", key, None).status == 401:
            return time.monotonic() - started
        time.sleep(0.1)
    return None


def engines_are_locked(site: Site) -> Iterator[Checked]:
    """An engine answers nobody who comes past the gateway."""
    for engine in site.engines:
        for method, path in (("GET", "/v1/models"), ("POST", CHAT)):
            status = site.ask_engine(engine, method, path).status
            name = f"{engine.name}: {method} {path}"
            yield Checked(name, status == 401, "401 without the engine's key", str(status))


def sockets_are_local(site: Site) -> Iterator[Checked]:
    """Nothing of the platform listens beyond this machine."""
    listeners = site.listeners()
    open_ones = [
        f"{one.process} {one.address}:{one.port}" for one in listeners if not _is_local(one.address)
    ]
    seen = ", ".join(open_ones) or f"{len(listeners)} sockets, all on loopback"
    held = not open_ones and bool(listeners)
    yield Checked("listening sockets", held, "loopback only", seen if listeners else "none found")


def accounting_is_exact(site: Site) -> Iterator[Checked]:
    """What the gateway says was used is what the engines counted."""
    key = site.lend_key("verify").secret
    before = site.engine_tokens()
    usages = [_usage(_chat(site, key, 8)) for _ in range(_ACCOUNTED_REQUESTS)]
    told = (sum(u[0] for u in usages), sum(u[1] for u in usages))
    counted = _settled(site, before, told)
    words = "{} in, {} out"
    yield Checked("tokens", counted == told, words.format(*told), words.format(*counted))


def _settled(site: Site, before: tuple[int, int], told: tuple[int, int]) -> tuple[int, int]:
    """The engines' own difference, once their counters had time to follow."""
    end = time.monotonic() + _SETTLE_S
    while True:
        now = site.engine_tokens()
        counted = (now[0] - before[0], now[1] - before[1])
        if counted == told or time.monotonic() > end:
            return counted
        time.sleep(0.25)


def page_says_alive_only(site: Site) -> Iterator[Checked]:
    """The one page without a key says one word."""
    answer = site.ask("GET", "/health/live", None, None)
    held = answer.status == 200 and json.loads(answer.body) == {"status": "alive"}
    yield Checked(
        "/health/live", held, '{"status": "alive"}', answer.body[:80].decode("utf-8", "replace")
    )


CONTROLS: dict[str, Control] = {
    "Keys are needed": keys_are_needed,
    "Models are fenced": models_are_fenced,
    "Requests per minute are limited": requests_are_limited,
    "Parallel requests are limited": parallel_is_limited,
    "Budgets are kept": budgets_are_kept,
    "Tokens are accounted exactly": accounting_is_exact,
    "Revocation is quick": revocation_is_quick,
    "Engines are locked": engines_are_locked,
    "Sockets are local": sockets_are_local,
    "The open page says one word": page_says_alive_only,
}


def _chat(site: Site, key: str | None, max_tokens: int = 4) -> HttpAnswer:
    body = {
        "model": next(iter(site.models)),
        "messages": [{"role": "user", "content": "Count from one to a hundred."}],
        "max_tokens": max_tokens,
    }
    return site.ask("POST", CHAT, key, body)


def _usage(answer: HttpAnswer) -> tuple[int, int]:
    usage: Mapping[str, Any] = json.loads(answer.body)["usage"]
    return int(usage["prompt_tokens"]), int(usage["completion_tokens"])


def _expect(name: str, answer: HttpAnswer, status: int, code: str) -> Checked:
    told = _code(answer)
    held = answer.status == status and told == code
    return Checked(name, held, f"{status} {code}", f"{answer.status} {told}")


def _code(answer: HttpAnswer) -> str:
    try:
        return str(json.loads(answer.body)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "no error code"


def _is_local(address: str) -> bool:
    return address in {"::1", "::ffff:127.0.0.1"} or address.startswith("127.")
