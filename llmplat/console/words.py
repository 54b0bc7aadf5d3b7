"""Turns the gateway's numbers, moments and causes into words for people."""

import datetime as dt
from typing import Any

_NANO = 1_000_000_000
_CAUSES = {
    "budget_app": "the app's budget is spent",
    "budget_tenant": "the tenant's budget is spent",
    "budget_organisation": "the organisation's budget is spent",
    "requests_per_minute": "too many requests in a minute",
    "tokens_per_minute": "too many tokens in a minute",
    "parallel_requests": "too many requests at once",
    "class_share": "the priority class had its share in use",
    "over_capacity": "the model was full",
    "model_refused": "a model the key may not use, or none of that name",
    "tokens_over_limit": "one request larger than the minute's tokens",
    "key_revoked": "a revoked key",
    "key_expired": "an expired key",
    "engine_refused": "the engine found the request wrong",
}


def tell_money(nanousd: int | None) -> str:
    """Dollars, with as many digits as the amount deserves."""
    if nanousd is None:
        return "no limit"
    dollars = nanousd / _NANO
    if dollars == 0 or dollars >= 1:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else f"${dollars:.9f}".rstrip("0")


def tell_price(nanousd_per_token: int) -> str:
    """Dollars for a million tokens."""
    return f"${nanousd_per_token / 1000:,.2f}"


def tell_count(number: int | None) -> str:
    """With thousands apart."""
    return "no limit" if number is None else f"{number:,}"


def tell_moment(text: str | None) -> str:
    """A moment in UTC to the minute."""
    return "never" if text is None else f"{text[:10]} {text[11:16]}"


def tell_ms(moment_ms: int) -> str:
    """Milliseconds since 1970 as tell_moment."""
    return tell_moment(dt.datetime.fromtimestamp(moment_ms / 1000, dt.UTC).isoformat())


def tell_span(seconds: int) -> str:
    """Days, hours or minutes."""
    for name, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def tell_cause(cause: str) -> str:
    """What a cause means; its code where there is nothing to add."""
    return _CAUSES.get(cause, cause.replace("_", " "))


def tell_change(change: dict[str, Any]) -> str:
    """What is asked for."""
    if change["act"] == "revoke":
        return f"revoke {change['key']}"
    life = tell_span(change["lifetime_s"]) if change["lifetime_s"] else "no end"
    if change["act"] == "create":
        return f"new key {change['made']} ({life})"
    over = tell_span(change["overlap_s"]) if change["overlap_s"] else "at once"
    return f"{change['made']} in place of {change['key']}, which ends {over if over == 'at once' else 'after ' + over}"


FILTERS = {
    "money": tell_money,
    "price": tell_price,
    "count": tell_count,
    "moment": tell_moment,
    "ms": tell_ms,
    "span": tell_span,
    "cause": tell_cause,
    "change": tell_change,
}
"""By the names that the templates use."""
