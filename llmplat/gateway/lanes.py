"""Turns an app, a model and a moment into the names and bounds of all counters a request must pass."""

import json
from dataclasses import dataclass
from typing import Any

from llmplat.gateway.periods import get_keep_s, get_period_id
from llmplat.gateway.policy import (
    Bounds,
    Budget,
    Key,
    Policy,
    ServedModel,
    Tenant,
    get_class_name,
    list_ways_out,
)

_NONE = -1


@dataclass(frozen=True)
class Lane:
    """The counters of one app on one model on one UTC day."""

    text: str
    """What the scripts read, as JSON."""
    slots: str
    """Names of the slot sets, one a line."""
    allowance_ms: int
    tokens_per_minute: int | None
    """The tightest."""
    has_budget: bool


def get_prefix(platform: str) -> str:
    """What all keys of one platform begin with; the braces keep them on one Redis slot."""
    return f"llmplat:{{{platform}}}:"


def get_lane(
    policy: Policy, key: Key, model: ServedModel, now_s: float, *, is_burst: bool = False
) -> Lane:
    """The lane of `key`'s app on `model`; kept until the policy or the UTC day changes.

    With `is_burst` that of a request for a service outside: it takes no place at the engines.
    """
    day = int(now_s // 86400)
    name = (key.tenant, key.app, model.name, is_burst)
    kept: tuple[int, Lane] | None = policy.lanes.get(name)
    if kept is not None and kept[0] == day:
        return kept[1]
    lane = _make_lane(policy, key, model, now_s, is_burst=is_burst)
    policy.lanes[name] = (day, lane)
    return lane


def list_budgets(
    policy: Policy, tenant: Tenant, app: str, now_s: float
) -> list[tuple[str, Budget, str]]:
    """(counter, budget, cause) of app, tenant and organisation, where there is one."""
    levels = (
        (f"app:{tenant.name}/{app}", tenant.apps[app].budget, "budget_app"),
        (f"tenant:{tenant.name}", tenant.bounds.budget, "budget_tenant"),
        ("organisation", policy.organisation, "budget_organisation"),
    )
    prefix = get_prefix(policy.platform)
    return [
        (f"{prefix}spend:{scope}:{get_period_id(budget.period, now_s)}", budget, cause)
        for scope, budget, cause in levels
        if budget is not None
    ]


def list_slots(
    policy: Policy, tenant: Tenant, app: str, model: ServedModel
) -> list[tuple[str, int, str, int]]:
    """(set, places, cause, how many of them end in the usual time) of every slot scope."""
    prefix = get_prefix(policy.platform)
    bounds = tenant.apps[app]
    class_name = get_class_name(policy, tenant, bounds)
    window = model.running + model.waiting
    share = max(1, int(window * policy.classes[class_name].share))
    limit = "parallel_requests"
    named = (
        (f"app:{tenant.name}/{app}", bounds.parallel_requests, limit),
        (f"tenant:{tenant.name}", tenant.bounds.parallel_requests, limit),
        (f"model:{model.name}", window, "over_capacity"),
        (f"class:{model.name}/{class_name}", share, "class_share"),
    )
    unbounded = 1_000_000_000
    return [
        (
            f"{prefix}slots:{scope}",
            unbounded if places is None else places,
            cause,
            max(1, min(places or 1, model.running)),
        )
        for scope, places, cause in named
    ]


def _make_lane(
    policy: Policy, key: Key, model: ServedModel, now_s: float, *, is_burst: bool
) -> Lane:
    tenant = policy.tenants[key.tenant]
    app = tenant.apps[key.app]
    prefix = get_prefix(policy.platform)
    slots = list_slots(policy, tenant, key.app, model)
    if is_burst:
        slots = [slot for slot in slots if slot[2] == "parallel_requests"]
    may_burst = any(way.use == "burst" for way in list_ways_out(model, tenant))
    budgets = list_budgets(policy, tenant, key.app, now_s)
    document: dict[str, Any] = {
        "prefix": prefix,
        "model": model.name,
        "class": get_class_name(policy, tenant, app),
        "ledger": policy.ledger_backlog,
        # Not yet a refusal: a service outside may take the request.
        "soft": "over_capacity" if may_burst and not is_burst else "",
        "charged": " ".join(name.removeprefix(f"{prefix}spend:") for name, _, _ in budgets),
        "labels": f"{tenant.name}\x1f{key.app}\x1f{model.name}",
        "rates": [
            [f"{prefix}rate:{scope}", *_spell_rates(bounds)]
            for scope, bounds in (
                (f"app:{tenant.name}/{key.app}", app),
                (f"tenant:{tenant.name}", tenant.bounds),
            )
            if _spell_rates(bounds) != (_NONE, _NONE)
        ],
        "slots": slots,
        "budgets": [
            (name, budget.nanousd, get_keep_s(budget.period, now_s), cause)
            for name, budget, cause in budgets
        ],
    }
    tokens = [
        bounds.tokens_per_minute
        for bounds in (app, tenant.bounds)
        if bounds.tokens_per_minute is not None
    ]
    return Lane(
        text=json.dumps(document, separators=(",", ":")),
        slots="\n".join(slot[0] for slot in slots),
        allowance_ms=policy.classes[get_class_name(policy, tenant, app)].allowance_ms,
        tokens_per_minute=min(tokens, default=None),
        has_budget=any(cause != "budget_organisation" for _, _, cause in budgets),
    )


def _spell_rates(bounds: Bounds) -> tuple[int, int]:
    return (
        _NONE if bounds.requests_per_minute is None else bounds.requests_per_minute,
        _NONE if bounds.tokens_per_minute is None else bounds.tokens_per_minute,
    )
