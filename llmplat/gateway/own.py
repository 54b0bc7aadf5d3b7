"""Turns a question about the gateway itself into its answer: life, models, usage, metrics."""

import time
from dataclasses import dataclass
from typing import Any

from llmplat.gateway.answers import send_bytes, send_json
from llmplat.gateway.lanes import get_prefix, list_budgets
from llmplat.gateway.ledger import Ledger
from llmplat.gateway.metrics import make_text
from llmplat.gateway.periods import get_period_end_s
from llmplat.gateway.policy import Key, Policy, ServedModel, Tenant, may_use
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.upstream import Scope, Send

_LIFE = "/health/live"
_MODELS = "/v1/models"
_USAGE = "/llmplat/v1/usage"
_METRICS = "/metrics"
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Question:
    """Who asks, under which policy, and where the counters are."""

    policy: Policy
    key: Key
    ledger: Ledger


def is_life_question(scope: Scope) -> bool:
    """Whether this is the probe: the only question that needs no key."""
    return (scope["path"], scope["method"]) == (_LIFE, "GET") and not scope.get("query_string")


def find_route(method: str, path: str) -> str | None:
    """The path itself when there is something to read at it, else None."""
    is_known = path in {_MODELS, _USAGE, _METRICS} or path.startswith(f"{_MODELS}/")
    return path if method == "GET" and is_known else None


async def tell_life(send: Send, request_id: str) -> None:
    """That the gateway lives, nothing more."""
    await send_json(send, {"status": "alive"}, request_id)


async def answer(route: str, question: Question, send: Send, request_id: str) -> None:
    """The answer to `route`; RefusedError when the key may not ask."""
    if route == _METRICS:
        if not question.key.is_system:
            raise RefusedError("system_key_only")
        await send_bytes(send, await _make_metrics(question), request_id, _TEXT)
    elif route == _USAGE:
        await send_json(send, await _make_usage(question), request_id)
    elif route == _MODELS:
        cards = [_make_card(model) for model in _list_models(question)]
        await send_json(send, {"object": "list", "data": cards}, request_id)
    else:
        await send_json(send, _find_card(question, route.removeprefix(f"{_MODELS}/")), request_id)


def _list_models(question: Question) -> list[ServedModel]:
    tenant = question.policy.tenants[question.key.tenant]
    app = tenant.apps[question.key.app]
    return [model for model in question.policy.models.values() if may_use(model, tenant, app)]


def _make_card(model: ServedModel) -> dict[str, Any]:
    return {
        "id": model.name,
        "object": "model",
        "created": 0,
        "owned_by": "llmplat",
        "aliases": list(model.aliases),
        "kind": model.kind,
        "max_model_len": model.context,
    }


def _find_card(question: Question, spelling: str) -> dict[str, Any]:
    model = question.policy.spellings.get(spelling)
    if model is None or model not in _list_models(question):
        raise RefusedError("model_refused", param="model")
    return _make_card(model)


async def _make_usage(question: Question) -> dict[str, Any]:
    policy, key = question.policy, question.key
    seen = policy.tenants.values() if key.is_system else [policy.tenants[key.tenant]]
    tenants = [await describe_tenant(question, tenant) for tenant in seen]
    report: dict[str, Any] = {
        "apiVersion": "llmplat.dev/v1alpha1",
        "kind": "Usage",
        "tenants": tenants,
    }
    if key.is_system:
        report["models"] = await describe_models(question)
        report["ledger"] = await _describe_ledger(question)
        report["organisation"] = await _describe_organisation(question)
    return report


async def describe_tenant(question: Question, tenant: Tenant) -> dict[str, Any]:
    """Budgets, limits and requests in flight of `tenant` and its apps."""
    prefix = get_prefix(question.policy.platform)
    scopes = [f"tenant:{tenant.name}"] + [f"app:{tenant.name}/{app}" for app in tenant.apps]
    flights = await question.ledger.read_counts([f"{prefix}slots:{scope}" for scope in scopes])
    now_s = time.time()
    spent: dict[str, Any] = {}
    for app in tenant.apps:
        rows = [
            row
            for row in list_budgets(question.policy, tenant, app, now_s)
            if row[2] != "budget_organisation"
        ]
        numbers = await question.ledger.read_numbers([name for name, _, _ in rows])
        for (name, budget, _), number in zip(rows, numbers, strict=True):
            scope = name.removeprefix(f"{prefix}spend:").rpartition(":")[0]
            spent[scope] = {
                "period": budget.period,
                "limitNanousd": budget.nanousd,
                "spentNanousd": number,
                "resetsAt": tell_time(get_period_end_s(budget.period, now_s)),
            }
    rows_by_scope = [
        {
            "budget": spent.get(scope),
            "inFlight": flights[index],
            "limits": {
                "requestsPerMinute": bounds.requests_per_minute,
                "tokensPerMinute": bounds.tokens_per_minute,
                "parallelRequests": bounds.parallel_requests,
            },
        }
        for index, (scope, bounds) in enumerate(
            zip(scopes, [tenant.bounds, *tenant.apps.values()], strict=True)
        )
    ]
    apps = [{"name": app} | row for app, row in zip(tenant.apps, rows_by_scope[1:], strict=True)]
    return {"name": tenant.name, **rows_by_scope[0], "apps": apps}


async def describe_models(question: Question) -> list[dict[str, Any]]:
    """How many requests run and wait at each model."""
    models = list(question.policy.models.values())
    prefix = get_prefix(question.policy.platform)
    flights = await question.ledger.read_counts([f"{prefix}slots:model:{m.name}" for m in models])
    return [
        {
            "name": model.name,
            "inFlight": count,
            "running": min(count, model.running),
            "waiting": max(0, count - model.running),
            "capacity": {"running": model.running, "waiting": model.waiting},
        }
        for model, count in zip(models, flights, strict=True)
    ]


async def _describe_ledger(question: Question) -> dict[str, Any] | None:
    """How the records of requests get stored; None where none are kept."""
    limit = question.policy.ledger_backlog
    if not limit:
        return None
    told = await question.ledger.read_ledger()
    return {
        "backlog": int(told["backlog"]),
        "limit": limit,
        "written": int(told.get("written", 0)),
        "failures": int(told.get("failures", 0)),
        "failing": told.get("failing") or None,
    }


async def _describe_organisation(question: Question) -> dict[str, Any] | None:
    budget = question.policy.organisation
    if budget is None:
        return None
    tenant = question.policy.tenants[question.key.tenant]
    rows = list_budgets(question.policy, tenant, question.key.app, time.time())
    names = [name for name, _, cause in rows if cause == "budget_organisation"]
    spent = (await question.ledger.read_numbers(names))[0]
    return {"period": budget.period, "limitNanousd": budget.nanousd, "spentNanousd": spent}


async def _make_metrics(question: Question) -> bytes:
    counters = await question.ledger.read_metrics()
    usage = await _make_usage(question)
    return make_text(counters, usage).encode()


def tell_time(at_s: float | None) -> str | None:
    """`at_s` (seconds since 1970) as RFC 3339 in UTC."""
    return None if at_s is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))
