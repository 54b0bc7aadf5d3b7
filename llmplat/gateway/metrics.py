"""Turns the counters in Redis into Prometheus text."""

from typing import Any

_WHO = ("tenant", "app", "model", "backend")
_COUNTERS: dict[str, tuple[str, str, tuple[str, ...], float]] = {
    "requests": ("llmplat_requests_total", "Requests by outcome", (*_WHO, "outcome"), 1),
    "prompt_tokens": (
        "llmplat_prompt_tokens_total",
        "Prompt tokens by the engine's count",
        _WHO,
        1,
    ),
    "completion_tokens": (
        "llmplat_completion_tokens_total",
        "Completion tokens by the engine's count",
        _WHO,
        1,
    ),
    "spend": ("llmplat_spend_usd_total", "Money charged for settled requests", _WHO, 1e-9),
    "busy_ms": ("llmplat_request_seconds_total", "Time from arrival to settlement", _WHO, 1e-3),
    "refused": (
        "llmplat_refusals_total",
        "Requests refused, by cause",
        ("tenant", "app", "model", "cause"),
        1,
    ),
    "unlogged": (
        "llmplat_ledger_unlogged_total",
        "Refusals that were counted but not recorded, because the ledger took no more",
        ("cause",),
        1,
    ),
    "cache": (
        "llmplat_cache_lookups_total",
        "Exact-cache lookups",
        ("tenant", "app", "model", "result"),
        1,
    ),
}


def make_text(counters: dict[str, int], usage: dict[str, Any]) -> str:
    """Prometheus text format 0.0.4 of the counters and of what is in flight and left."""
    lines: list[str] = []
    for short, (name, about, labels, factor) in _COUNTERS.items():
        lines += _spell_head(name, about, "counter")
        for field, value in sorted(counters.items()):
            kind, *values = field.split("\x1f")
            if kind == short and len(values) == len(labels):
                lines.append(_spell(name, dict(zip(labels, values, strict=True)), value * factor))
    lines += _spell_models(usage) + _spell_budgets(usage) + _spell_ledger(usage.get("ledger"))
    return "\n".join(lines) + "\n"


def _spell_models(usage: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for field, name, about in (
        ("inFlight", "llmplat_in_flight", "Requests admitted and not settled"),
        ("waiting", "llmplat_waiting_estimate", "Requests in flight beyond what runs at once"),
    ):
        lines += _spell_head(name, about, "gauge")
        lines += [_spell(name, {"model": model["name"]}, model[field]) for model in usage["models"]]
    return lines


def _spell_ledger(ledger: dict[str, Any] | None) -> list[str]:
    """Nothing where no records are kept."""
    if ledger is None:
        return []
    rows = (
        ("llmplat_ledger_backlog", "Records not yet stored", "gauge", ledger["backlog"]),
        ("llmplat_ledger_backlog_limit", "At so many nothing is served", "gauge", ledger["limit"]),
        ("llmplat_ledger_written_total", "Records stored", "counter", ledger["written"]),
        ("llmplat_ledger_failures_total", "Stores that failed", "counter", ledger["failures"]),
        ("llmplat_ledger_failing", "1 while storing fails", "gauge", bool(ledger["failing"])),
    )
    return [
        line
        for name, about, kind, value in rows
        for line in (*_spell_head(name, about, kind), f"{name} {int(value)}")
    ]


def _spell_budgets(usage: dict[str, Any]) -> list[str]:
    rows = [
        ({"tenant": tenant["name"], "app": app}, scope["budget"])
        for tenant in usage["tenants"]
        for app, scope in [("", tenant), *((one["name"], one) for one in tenant["apps"])]
        if scope["budget"] is not None
    ]
    lines: list[str] = []
    for field, name, about in (
        ("spentNanousd", "llmplat_budget_spent_usd", "Charged and reserved in this period"),
        ("limitNanousd", "llmplat_budget_limit_usd", "The budget of this period"),
    ):
        lines += _spell_head(name, about, "gauge")
        lines += [_spell(name, labels, budget[field] * 1e-9) for labels, budget in rows]
    return lines


def _spell_head(name: str, about: str, kind: str) -> list[str]:
    return [f"# HELP {name} {about}.", f"# TYPE {name} {kind}"]


def _spell(name: str, labels: dict[str, str], value: float) -> str:
    inside = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value:.9f}".rstrip("0").rstrip(".")


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
