"""Turns models, tenants and limits into the GatewayPolicy document, plain data."""

from typing import Any

from llmplat.plan.planned import PlannedModel, PlannedOverflow
from llmplat.spec.data_class import DATA_CLASSES
from llmplat.spec.gateway import UsageLedger
from llmplat.spec.platform import Platform
from llmplat.spec.tenant import (
    DEFAULT_BUDGET_USD,
    PLATFORM_TENANT,
    App,
    Budget,
    Limits,
    PriorityClass,
    Tenant,
)

SYSTEM_APP = "system"
"""App of the implicit tenant: it serves proof, doctor and chat, and has a budget like all."""

VERIFY_APPS = (
    App.model_construct(name="verify"),
    App.model_construct(name="verify-rate", limits=Limits.model_construct(requests_per_minute=2)),
    App.model_construct(name="verify-parallel", limits=Limits.model_construct(parallel_requests=1)),
    App.model_construct(
        name="verify-budget", budget=Budget.model_construct(usd=1e-9, period="day")
    ),
    App.model_construct(name="verify-models", models=()),
)
"""Apps of the implicit tenant that `verify` makes short-lived keys for, one per control.

Constructed without validation, like all that this module adds: it is ours, and quick.
"""

CHAT_APP = App.model_construct(
    name="open-webui", budget=Budget.model_construct(usd=DEFAULT_BUDGET_USD, period="month")
)
"""The chat's own app where the file names none for it; see with_chat."""

PROMPT_OVERHEAD_TOKENS = 128
"""Tokens a chat template may add to a prompt, reserved beside the prompt's own bound."""

BODY_LIMIT_BYTES = 1_048_576


def make_policy(
    platform: Platform, models: tuple[PlannedModel, ...], *, body_limit_bytes: int
) -> dict[str, Any]:
    """The document that the gateway reads: what each key may do, and what it costs."""
    return {
        "apiVersion": "llmplat.dev/v1alpha1",
        "kind": "GatewayPolicy",
        "platform": platform.name,
        "models": {model.name: _model(model) for model in models},
        "classes": {item.name: _class(item) for item in platform.classes},
        "organisation": _organisation(platform),
        "tenants": {
            tenant.name: _tenant(_with_verify(tenant), platform) for tenant in all_tenants(platform)
        },
        "timeouts": {
            "client_s": platform.timeouts.client_s,
            "gateway_s": platform.timeouts.gateway_s,
            "engine_s": platform.timeouts.engine_s,
        },
        "cache": {
            "enabled": platform.gateway.cache.enabled,
            "ttl_s": round(platform.gateway.cache.ttl_s),
        },
        "body_limit_bytes": body_limit_bytes,
        # In a cluster only with the component that keeps it; see plan/cluster/gateway.py.
        "ledger": make_ledger(platform.gateway.ledger) if platform.substrate.local else None,
        **({"traces": {"share": platform.traces.share}} if platform.traces else {}),
    }


def all_tenants(platform: Platform) -> tuple[Tenant, ...]:
    """The tenants of the file and, where the file does not name it, the platform's own."""
    if any(tenant.name == PLATFORM_TENANT for tenant in platform.tenants):
        return tuple(with_chat(_with_system(tenant), platform) for tenant in platform.tenants)
    own = Tenant.model_construct(
        name=PLATFORM_TENANT,
        budget=Budget.model_construct(usd=DEFAULT_BUDGET_USD, period="month"),
        data_class=DATA_CLASSES[-1],
    )
    return (*platform.tenants, with_chat(_with_system(own), platform))


def allowed_models(names: tuple[str, ...], data_class: str, platform: Platform) -> list[str]:
    """Model names behind `names` (aliases resolved), less those too sensitive; "*" when all."""
    cleared = DATA_CLASSES[: DATA_CLASSES.index(data_class) + 1]
    wanted = [m for m in platform.models if "*" in names or {m.name, *m.aliases} & set(names)]
    allowed = [model.name for model in wanted if model.data_class in cleared]
    return ["*"] if "*" in names and len(allowed) == len(platform.models) else allowed


def with_chat(tenant: Tenant, platform: Platform) -> Tenant:
    """The platform's own tenant with an app for Open WebUI where the file names none for it.

    It has a budget, and no confidential model: whoever may sign in may chat.
    """
    given = platform.components.get("open-webui")
    is_there = platform.profile == "full" and not platform.substrate.local
    is_named = given is not None and (given.app is not None or not given.enabled)
    has_it = any(app.name == CHAT_APP.name for app in tenant.apps)
    if tenant.name != PLATFORM_TENANT or not is_there or is_named or has_it:
        return tenant
    open_to_all = DATA_CLASSES[:-1]
    models = tuple(m.name for m in platform.models if m.data_class in open_to_all)
    app = CHAT_APP.model_copy(update={"models": models})
    return tenant.model_copy(update={"apps": (*tenant.apps, app)})


def _with_system(tenant: Tenant) -> Tenant:
    if tenant.name != PLATFORM_TENANT or any(app.name == SYSTEM_APP for app in tenant.apps):
        return tenant
    return tenant.model_copy(update={"apps": (*tenant.apps, App.model_construct(name=SYSTEM_APP))})


def _with_verify(tenant: Tenant) -> Tenant:
    if tenant.name != PLATFORM_TENANT:
        return tenant
    named = {app.name for app in tenant.apps}
    more = tuple(app for app in VERIFY_APPS if app.name not in named)
    return tenant.model_copy(update={"apps": (*tenant.apps, *more)})


def _model(model: PlannedModel) -> dict[str, Any]:
    return {
        "aliases": list(model.aliases),
        "kind": model.kind,
        "context": model.context,
        "default_max_tokens": model.default_max_tokens,
        "max_tokens": model.max_tokens,
        "prompt_overhead_tokens": PROMPT_OVERHEAD_TOKENS,
        "price": {
            "input_nanousd_per_token": model.price.input_nanousd_per_token,
            "output_nanousd_per_token": model.price.output_nanousd_per_token,
        },
        "capacity": {"running": model.capacity.running, "waiting": model.capacity.waiting},
        "data_class": model.data_class,
        "owner": model.owner,
        "backends": len(model.backends),
        "external": model.is_external,
        "overflow": [_overflow(way) for way in model.overflow],
    }


def _overflow(way: PlannedOverflow) -> dict[str, Any]:
    return {
        "use": way.use,
        "data_class": way.data_class,
        "price": {
            "input_nanousd_per_token": way.price.input_nanousd_per_token,
            "output_nanousd_per_token": way.price.output_nanousd_per_token,
        },
    }


def _class(item: PriorityClass) -> dict[str, Any]:
    return {"allowance_ms": round(item.allowance_s * 1000), "share": item.share}


def make_ledger(ledger: UsageLedger) -> dict[str, Any]:
    """How the record of requests is kept, where there is a place for it."""
    return {"backlog": ledger.backlog, "keep_s": round(ledger.keep_s)}


def _organisation(platform: Platform) -> dict[str, Any] | None:
    organisation = platform.organisation
    return None if organisation is None else {"budget": _budget(organisation.budget)}


def _tenant(tenant: Tenant, platform: Platform) -> dict[str, Any]:
    return {
        "budget": _budget(tenant.budget),
        **_limits(tenant.limits),
        "models": allowed_models(tenant.models, tenant.data_class, platform),
        "class": tenant.priority_class,
        "data_class": tenant.data_class,
        "self_service": _self_service(tenant),
        "apps": {app.name: _app(app, tenant, platform) for app in tenant.apps},
    }


def _self_service(tenant: Tenant) -> dict[str, Any] | None:
    cap = tenant.self_service
    return None if cap is None else {"keys": cap.keys, "lifetime_s": round(cap.lifetime_s)}


def _app(app: App, tenant: Tenant, platform: Platform) -> dict[str, Any]:
    models = app.models if app.models is not None else tenant.models
    return {
        # Every key has a budget: where the file names none, the tenant's own, all of it.
        "budget": _budget(app.budget or tenant.budget),
        **_limits(app.limits),
        "models": allowed_models(models, tenant.data_class, platform),
        "class": app.priority_class or tenant.priority_class,
        **({"forwards_users": True} if _is_chat(tenant, app, platform) else {}),
    }


def _is_chat(tenant: Tenant, app: App, platform: Platform) -> bool:
    """Whether Open WebUI shows this app's key to the gateway, and people sign in before it."""
    if platform.identity_provider is None or platform.profile != "full":
        return False
    given = platform.components.get("open-webui")
    named = given.app if given is not None and given.app else f"{PLATFORM_TENANT}/{CHAT_APP.name}"
    return f"{tenant.name}/{app.name}" == named


def _budget(budget: Budget | None) -> dict[str, Any] | None:
    return None if budget is None else {"nanousd": budget.nanousd, "period": budget.period}


def _limits(limits: Limits) -> dict[str, Any]:
    return {
        "requests_per_minute": limits.requests_per_minute,
        "tokens_per_minute": limits.tokens_per_minute,
        "parallel_requests": limits.parallel_requests,
    }
