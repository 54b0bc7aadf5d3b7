"""Turns a tenant's questions about itself into answers, and its wishes about keys into changes.

What a key may see: its own tenant, and the models its tenant may use. What it may ask for: keys of
its own app. All that the console shows and does goes through here with the key of whoever signed in,
so the console has no rights of its own.
"""

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.gateway import changes, own
from llmplat.gateway.answers import send_json
from llmplat.gateway.lanes import get_prefix
from llmplat.gateway.periods import get_period_start_s
from llmplat.gateway.policy import SYSTEM, Key, Policy, ServedModel, get_class_name, may_use
from llmplat.gateway.records import Records
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.upstream import Send

CATALOG = "/llmplat/v1/catalog"
ACCOUNT = "/llmplat/v1/account"
CHANGES = "/llmplat/v1/key-changes"
VERDICTS = "/llmplat/v1/key-verdicts"
READS = frozenset({CATALOG, ACCOUNT, CHANGES})
WRITES = frozenset({CHANGES, VERDICTS})
BODY_BYTES = 4096

_WEEK_S = 7 * 86400
_HEALTH_S = 300
_LIFETIME_AT_MOST_S = 366 * 86400
_OVERLAP_AT_MOST_S = 7 * 86400
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_FIELDS = {
    "create": {"sha256", "lifetime_s"},
    "rotate": {"key", "sha256", "lifetime_s", "overlap_s"},
    "revoke": {"key"},
    "withdraw": {"change"},
}
_log = logging.getLogger("llmplat.gateway")


@dataclass(frozen=True)
class Visit:
    """Who asks, and what may be looked at to answer."""

    question: own.Question
    keys: Mapping[str, Key]
    """All keys in force, by hash."""
    records: Records | None
    """None where no records are kept."""

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.question.policy

    @property
    def key(self) -> Key:
        """The key that was shown."""
        return self.question.key


async def answer(path: str, visit: Visit, send: Send, request_id: str) -> None:
    """The answer to a GET of one of READS; RefusedError when there is none."""
    if path == CATALOG:
        told: dict[str, Any] = await _describe_catalog(visit)
    elif path == ACCOUNT:
        told = await _describe_account(visit)
    else:
        whose = None if visit.key.is_system else visit.key.tenant
        told = {"changes": await changes.read(visit.question.ledger, whose)}
    await send_json(send, told, request_id)


async def change(path: str, visit: Visit, body: bytes, send: Send, request_id: str) -> None:
    """Takes a POST to one of WRITES; RefusedError says why it is not taken."""
    wish = _parse(body)
    if path == VERDICTS:
        told = await _decide(visit, wish)
    else:
        told = await _ask_for(visit, wish)
    _log.warning("audit: %s", json.dumps(told | {"by": visit.key.id}, sort_keys=True))
    await send_json(send, told, request_id)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        wish = json.loads(body)
    except ValueError as error:
        raise RefusedError("body_invalid", "The body is not JSON.") from error
    if not isinstance(wish, dict):
        raise RefusedError("body_invalid", "The body is not a JSON object.")
    return wish


async def _ask_for(visit: Visit, wish: dict[str, Any]) -> dict[str, Any]:
    key = visit.key
    if key.tenant == SYSTEM[0]:
        raise RefusedError("tenant_key_only")
    act = wish.pop("act", None)
    if act not in _FIELDS or set(wish) - _FIELDS[act]:
        raise RefusedError(
            "body_invalid", "act is create, rotate, revoke or withdraw, with its own fields."
        )
    if act == "withdraw":
        return await _withdraw(visit, _word(wish, "change"))
    old = _own_key(visit, _word(wish, "key")) if act != "create" else None
    who = (key.tenant, key.app, key.id)
    deny = ""
    more: dict[str, Any] = {}
    if act == "revoke":
        deny = f"{get_prefix(visit.policy.platform)}deny:{old.id if old else ''}"
    else:
        more["sha256"] = _new_hash(visit, wish)
        more["lifetime_s"] = _seconds(wish, "lifetime_s", _LIFETIME_AT_MOST_S)
        more["overlap_s"] = _seconds(wish, "overlap_s", _OVERLAP_AT_MOST_S)
    made = changes.make_change(act, who, old.id if old else "", **more)
    tenant = visit.policy.tenants[key.tenant]
    of_class = get_class_name(visit.policy, tenant, tenant.apps[key.app])
    backlog = visit.policy.ledger_backlog
    await changes.ask(visit.question.ledger, made, deny, of_class, backlog)
    return {"change": made.id, "act": act, "key": made.key, "made": made.made}


async def _withdraw(visit: Visit, change_id: str) -> dict[str, Any]:
    ledger, backlog = visit.question.ledger, visit.policy.ledger_backlog
    mine = await changes.read(ledger, visit.key.tenant)
    if not any(one["id"] == change_id and one["app"] == visit.key.app for one in mine):
        raise RefusedError("change_unknown")
    verdict = changes.Verdict(change_id, "withdrawn", "", visit.key.id, visit.key.tenant)
    await changes.settle(ledger, verdict, backlog)
    return {"change": change_id, "act": "withdraw"}


async def _decide(visit: Visit, wish: dict[str, Any]) -> dict[str, Any]:
    if not visit.key.is_system:
        raise RefusedError("system_key_only")
    change_id, state = _word(wish, "change"), wish.get("state")
    why = str(wish.get("why") or "")[:200]
    if state not in changes.VERDICTS:
        raise RefusedError("body_invalid", "state is approved or rejected.")
    verdict = changes.Verdict(change_id, state, why, visit.key.id)
    await changes.settle(visit.question.ledger, verdict, visit.policy.ledger_backlog)
    return {"change": change_id, "act": state}


def _own_key(visit: Visit, key_id: str) -> Key:
    """The key of that id of the asker's own app; others are as unknown as none."""
    mine = (visit.key.tenant, visit.key.app)
    for key in visit.keys.values():
        if key.id == key_id and (key.tenant, key.app) == mine:
            return key
    raise RefusedError("key_not_yours")


def _new_hash(visit: Visit, wish: dict[str, Any]) -> str:
    sha256 = wish.get("sha256")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise RefusedError("body_invalid", "sha256 is 64 digits in lower-case hex.")
    # With the hash of somebody's key, that key would begin to count as the asker's.
    if sha256 in visit.keys:
        raise RefusedError("key_hash_taken")
    return sha256


def _word(wish: dict[str, Any], name: str) -> str:
    word = wish.get(name)
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        raise RefusedError("body_invalid", f"{name} is missing or no id.")
    return word


def _seconds(wish: dict[str, Any], name: str, at_most: int) -> int:
    number = wish.get(name) or 0
    if type(number) is not int or not 0 <= number <= at_most:
        raise RefusedError("body_invalid", f"{name} is a whole number from 0 to {at_most}.")
    return number


async def _describe_catalog(visit: Visit) -> dict[str, Any]:
    policy, key = visit.policy, visit.key
    tenant = policy.tenants[key.tenant]
    seen = [
        model
        for model in policy.models.values()
        if key.is_system or any(may_use(model, tenant, app) for app in tenant.apps.values())
    ]
    live = {one["name"]: one for one in await own.describe_models(visit.question)}
    health = await _read_health(visit)
    cards = [
        _make_card(visit, model) | _make_live(live[model.name], health, model) for model in seen
    ]
    return {"platform": policy.platform, "at": own.tell_time(time.time()), "models": cards}


def _make_card(visit: Visit, model: ServedModel) -> dict[str, Any]:
    policy, key = visit.policy, visit.key
    tenant = policy.tenants[key.tenant]
    return {
        "name": model.name,
        "aliases": list(model.aliases),
        "kind": model.kind,
        "owner": model.owner,
        "context": model.context,
        "maxTokens": model.max_tokens,
        "dataClass": model.data_class,
        "isExternal": model.is_external,
        "price": {
            "inputNanousdPerToken": model.input_nanousd_per_token,
            "outputNanousdPerToken": model.output_nanousd_per_token,
        },
        "isMine": may_use(model, tenant, tenant.apps[key.app]),
        "tenants": [
            one.name
            for one in policy.tenants.values()
            if one.name != SYSTEM[0] and any(may_use(model, one, app) for app in one.apps.values())
        ],
    }


def _make_live(
    live: dict[str, Any], health: dict[str, dict[str, Any]] | None, model: ServedModel
) -> dict[str, Any]:
    numbers = {name: live[name] for name in ("running", "waiting", "capacity")}
    state = {"state": "unknown"} if health is None else health.get(model.name, {"state": "idle"})
    if state["state"] == "idle" and live["running"]:
        state = {"state": "working"}
    return {**numbers, "health": state}


async def _read_health(visit: Visit) -> dict[str, dict[str, Any]] | None:
    """By model, as the last minutes' requests tell it: what ended last counts; None without records."""
    if visit.records is None:
        return None
    rows = await visit.records.read_health(round((time.time() - _HEALTH_S) * 1000))
    told: dict[str, dict[str, Any]] = {}
    for model, outcome, cause, count, last_ms in rows:
        one = told.setdefault(
            model, {"answered": 0, "failed": 0, "lastMs": 0, "state": "", "cause": ""}
        )
        one[outcome] += int(count)
        if int(last_ms) >= one["lastMs"]:
            one["lastMs"], one["cause"] = int(last_ms), str(cause) if outcome == "failed" else ""
            one["state"] = "answering" if outcome == "answered" else "failing"
    return told


async def _describe_account(visit: Visit) -> dict[str, Any]:
    policy, key = visit.policy, visit.key
    tenant = policy.tenants[key.tenant]
    now_s = time.time()
    cap = tenant.self_service
    usage = await own.describe_tenant(visit.question, tenant)
    period = (usage["budget"] or {}).get("period", "month")
    start_s = get_period_start_s(period, now_s)
    return {
        "platform": policy.platform,
        "at": own.tell_time(now_s),
        "me": {"tenant": key.tenant, "app": key.app, "key": key.id},
        "selfService": None if cap is None else {"keys": cap[0], "lifetimeS": cap[1]},
        "usage": usage,
        "since": own.tell_time(start_s),
        **await _describe_records(visit, start_s, now_s),
        "keys": await _describe_keys(visit),
        "changes": await changes.read(visit.question.ledger, key.tenant),
    }


async def _describe_records(visit: Visit, start_s: float, now_s: float) -> dict[str, Any]:
    if visit.records is None:
        return {"days": None, "refusals": None}
    tenant = visit.key.tenant
    days = await visit.records.read_spend(tenant, round(start_s * 1000))
    refusals = await visit.records.read_refusals(tenant, round((now_s - _WEEK_S) * 1000))
    return {
        "days": [
            {
                "day": (own.tell_time(int(day) * 86400) or "")[:10],
                "nanousd": int(nanousd),
                "requests": int(count),
                "tokens": int(tokens),
            }
            for day, nanousd, count, tokens in days
        ],
        "refusals": [
            {
                "app": app,
                "model": model,
                "cause": cause,
                "count": int(n),
                "last": own.tell_time(int(ms) / 1000),
            }
            for app, model, cause, n, ms in refusals
        ],
    }


async def _describe_keys(visit: Visit) -> list[dict[str, Any]]:
    now_s = time.time()
    mine = [one for one in visit.keys.values() if one.tenant == visit.key.tenant]
    prefix = get_prefix(visit.policy.platform)
    told = []
    for one in sorted(mine, key=lambda key: (key.app, key.created_s or 0.0, key.id)):
        is_over = one.expires_s is not None and one.expires_s <= now_s
        is_denied = await visit.question.ledger.is_denied(f"{prefix}deny:{one.id}")
        state = "live" if one.expires_s is None else "expired" if is_over else "ending"
        told.append(
            {
                "id": one.id,
                "app": one.app,
                "state": "revoked" if is_denied else state,
                "created": own.tell_time(one.created_s),
                "expires": own.tell_time(one.expires_s),
                "isMine": one.app == visit.key.app,
                "isThis": one.id == visit.key.id,
            }
        )
    return told
