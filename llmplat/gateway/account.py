"""Tells a tenant what it may see of itself and of the models that it may use."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.gateway import changes, own
from llmplat.gateway.lanes import get_prefix
from llmplat.gateway.periods import get_period_start_s
from llmplat.gateway.policy import SYSTEM, Key, Policy, ServedModel, may_use
from llmplat.gateway.records import Records

_WEEK_S = 7 * 86400
_HEALTH_S = 300


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


async def describe_catalog(visit: Visit) -> dict[str, Any]:
    """The models that the asker's tenant may use, as they are now; RefusedError."""
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


async def describe_account(visit: Visit) -> dict[str, Any]:
    """Spend, refusals, keys and changes of the asker's tenant; RefusedError."""
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
