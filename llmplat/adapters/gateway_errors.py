"""What the gateway answered, or did not -> an error in plain words with a fix."""

from collections.abc import Mapping

import httpx

from llmplat.domain.errors import GatewayError
from llmplat.domain.foreign_text import parse_json

_FIXES: dict[str, tuple[str, ...]] = {
    "invalid_api_key": ("llmplat keys list", "llmplat keys create TENANT/APP"),
    "insufficient_quota": ("llmplat status", "raise the budget in platform.yaml, then: llmplat up"),
    "model_not_allowed": ("llmplat status", "name one of the models that status lists"),
    "rate_limit_exceeded": ("wait the time it names and ask again",),
    "over_capacity": ("ask again in a few seconds", "llmplat status"),
    "counters_down": ("llmplat status", "llmplat up"),
    "engine_unreachable": ("llmplat status", "llmplat up"),
    "tokens_over_limit": ("ask with a shorter prompt or a smaller --max-tokens",),
}


def unreachable(url: str, error: httpx.HTTPError) -> GatewayError:
    """The gateway did not answer, or stopped in the middle."""
    if isinstance(error, httpx.TimeoutException):
        what, fix = f"The gateway at {url} took too long.", ("llmplat status",)
    elif isinstance(error, httpx.ConnectError):
        what, fix = f"Nothing answers at {url}.", ("llmplat up",)
    else:
        what, fix = f"The gateway at {url} broke off its answer.", ("llmplat status",)
    return GatewayError(what, str(error) or type(error).__name__, fix)


def refused(status: int, body: bytes, headers: Mapping[str, str]) -> GatewayError:
    """The gateway said no; its own words are the reason."""
    code, message = _told(body)
    wait = headers.get("retry-after")
    why = f"{message or 'it gave no reason'} (HTTP {status}{f', {code}' if code else ''})"
    if wait:
        why += f"; it asks to wait {wait} s"
    return GatewayError(
        "The gateway refused the request.", why, _FIXES.get(code, ("llmplat status",))
    )


def _told(body: bytes) -> tuple[str, str]:
    try:
        error = parse_json(body)["error"]
        return str(error.get("code") or ""), str(error.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", body[:200].decode("utf-8", "replace")
