"""policy.json and keys.json -> what the guard looks things up in."""

import datetime as dt
from dataclasses import replace
from typing import Any

from llmplat.gateway.policy import (
    DATA_CLASSES,
    Bounds,
    Budget,
    Key,
    Policy,
    PriorityClass,
    ServedModel,
    Tenant,
    WayOut,
)


def parse_policy(document: dict[str, Any]) -> Policy:
    """The policy in `document`; KeyError, TypeError or ValueError when it is not one."""
    models = {name: _parse_model(name, entry) for name, entry in document["models"].items()}
    spellings = {alias: model for model in models.values() for alias in model.aliases} | models
    cache = document.get("cache") or {}
    return Policy(
        platform=str(document["platform"]),
        models=models,
        spellings=spellings,
        classes={name: _parse_class(entry) for name, entry in document["classes"].items()},
        organisation=_parse_budget((document.get("organisation") or {}).get("budget")),
        tenants={name: _parse_tenant(name, entry) for name, entry in document["tenants"].items()},
        gateway_s=float(document["timeouts"]["gateway_s"]),
        is_cache_on=cache.get("enabled") is True,
        cache_ttl_s=max(1, int(cache.get("ttl_s", 300))),
        body_limit_bytes=int(document.get("body_limit_bytes", 1 << 20)),
        ledger_backlog=int((document.get("ledger") or {}).get("backlog", 0)),
        ledger_keep_s=int((document.get("ledger") or {}).get("keep_s", 400 * 86400)),
        trace_share=float((document.get("traces") or {}).get("share", 0)),
    )


def parse_keys(document: dict[str, Any]) -> dict[str, Key]:
    """Keys by the hash of the secret; KeyError, TypeError or ValueError when it is not a keys file."""
    return {
        str(entry["sha256"]).lower(): Key(
            id=str(entry["id"]),
            tenant=str(entry["tenant"]),
            app=str(entry["app"]),
            expires_s=_parse_time(entry.get("expires")),
            created_s=_parse_time(entry.get("created")),
        )
        for entry in document["keys"]
        if not entry.get("revoked")
    }


def _parse_model(name: str, entry: dict[str, Any]) -> ServedModel:
    model = _parse_own(name, entry)
    ways = [
        WayOut(
            name=f"{name}@out{index}",
            use=str(way["use"]),
            data_class=str(way["data_class"]),
            served=replace(
                model,
                is_external=True,
                is_routed=False,
                input_nanousd_per_token=int(way["price"]["input_nanousd_per_token"]),
                output_nanousd_per_token=int(way["price"]["output_nanousd_per_token"]),
            ),
        )
        for index, way in enumerate(entry.get("overflow") or ())
    ]
    return replace(model, ways_out=tuple(ways))


def _parse_own(name: str, entry: dict[str, Any]) -> ServedModel:
    context = int(entry["context"])
    cap = min(int(entry.get("max_tokens") or context), context)
    return ServedModel(
        name=name,
        aliases=tuple(entry.get("aliases") or ()),
        kind=str(entry["kind"]),
        context=context,
        default_max_tokens=min(int(entry.get("default_max_tokens") or cap), cap),
        max_tokens=cap,
        prompt_overhead_tokens=int(entry.get("prompt_overhead_tokens", 128)),
        input_nanousd_per_token=int(entry["price"]["input_nanousd_per_token"]),
        output_nanousd_per_token=int(entry["price"]["output_nanousd_per_token"]),
        running=int(entry["capacity"]["running"]),
        waiting=int(entry["capacity"]["waiting"]),
        backends=max(1, int(entry.get("backends", 1))),
        is_external=entry.get("external") is True,
        is_routed=entry.get("routed") is True,
        data_class=str(entry.get("data_class", DATA_CLASSES[-1])),
        owner=str(entry.get("owner", "")),
    )


def _parse_class(entry: dict[str, Any]) -> PriorityClass:
    return PriorityClass(int(entry["allowance_ms"]), float(entry["share"]))


def _parse_tenant(name: str, entry: dict[str, Any]) -> Tenant:
    apps = {app: _parse_bounds(bounds) for app, bounds in entry["apps"].items()}
    data_class = str(entry.get("data_class", DATA_CLASSES[-1]))
    own = entry.get("self_service")
    cap = None if own is None else (int(own["keys"]), int(own["lifetime_s"]))
    return Tenant(name, _parse_bounds(entry), apps, data_class, cap)


def _parse_bounds(entry: dict[str, Any]) -> Bounds:
    models = entry.get("models", ["*"])
    return Bounds(
        budget=_parse_budget(entry.get("budget")),
        requests_per_minute=_parse_count(entry.get("requests_per_minute")),
        tokens_per_minute=_parse_count(entry.get("tokens_per_minute")),
        parallel_requests=_parse_count(entry.get("parallel_requests")),
        models=None if "*" in models else frozenset(models),
        class_name=entry.get("class"),
        forwards_users=entry.get("forwards_users") is True,
    )


def _parse_budget(entry: dict[str, Any] | None) -> Budget | None:
    if entry is None:
        return None
    period = str(entry["period"])
    if period not in {"day", "week", "month", "total"}:
        msg = f"{period!r} is no period"
        raise ValueError(msg)
    return Budget(int(entry["nanousd"]), period)


def _parse_count(value: object) -> int | None:
    return None if value is None else int(str(value))


def _parse_time(text: str | None) -> float | None:
    if not text:
        return None
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.timestamp()
