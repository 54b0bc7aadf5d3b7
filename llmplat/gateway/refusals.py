"""Turns a cause into the one HTTP answer it has: status, body code, retry advice; the docs are made from this."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """How one cause is told to the client."""

    status: int
    type: str
    code: str
    message: str
    """May hold {detail}."""
    has_retry_after: bool = False
    should_retry: bool | None = None
    """The `x-should-retry` header, which OpenAI clients obey; None sends none."""


_KEY = "Missing, unknown, expired or revoked API key. Send it as `Authorization: Bearer sk-llmplat-...`."
_AUTH = ("authentication_error", "invalid_api_key", _KEY)
_REQUEST = "invalid_request_error"
_RATE = ("rate_limit_error", "rate_limit_exceeded")

REFUSALS: dict[str, Refusal] = {
    "key_missing": Refusal(401, *_AUTH),
    "key_unknown": Refusal(401, *_AUTH),
    "key_expired": Refusal(401, *_AUTH),
    "key_revoked": Refusal(401, *_AUTH),
    "path_unknown": Refusal(404, _REQUEST, "not_found", "There is nothing at this path."),
    "query_refused": Refusal(400, _REQUEST, "query_refused", "Send no query string."),
    "header_refused": Refusal(400, _REQUEST, "header_refused", "{detail}"),
    "content_type_refused": Refusal(
        415, _REQUEST, "content_type_refused", "Send the body as plain application/json."
    ),
    "body_too_large": Refusal(413, _REQUEST, "body_too_large", "{detail}"),
    "body_timeout": Refusal(408, _REQUEST, "body_timeout", "The body did not arrive in time."),
    "body_invalid": Refusal(400, _REQUEST, "body_invalid", "{detail}"),
    "unknown_field": Refusal(400, _REQUEST, "unknown_field", "{detail}"),
    "field_invalid": Refusal(400, _REQUEST, "field_invalid", "{detail}"),
    "wrong_kind": Refusal(400, _REQUEST, "wrong_kind", "{detail}"),
    "model_refused": Refusal(
        403,
        "permission_error",
        "model_not_allowed",
        "This key may not use that model, or there is none of that name. GET /v1/models lists yours.",
    ),
    "system_key_only": Refusal(
        403, "permission_error", "system_key_only", "Only the platform's system key may read this."
    ),
    "tenant_key_only": Refusal(
        403, "permission_error", "tenant_key_only", "Keys are asked for with a tenant's own key."
    ),
    "key_not_yours": Refusal(404, _REQUEST, "not_found", "Your app has no such key."),
    "key_hash_taken": Refusal(409, _REQUEST, "key_hash_taken", "That key was asked for before."),
    "changes_full": Refusal(
        429,
        "rate_limit_error",
        "changes_full",
        "Too many changes of keys wait for the platform's owner.",
        should_retry=False,
    ),
    "change_unknown": Refusal(404, _REQUEST, "not_found", "There is no such change."),
    "change_settled": Refusal(409, _REQUEST, "change_settled", "That change was decided before."),
    "change_final": Refusal(
        409, _REQUEST, "change_final", "A revocation is not taken back; make a new key."
    ),
    "records_unreadable": Refusal(
        503,
        "server_error",
        "records_unreadable",
        "The record of requests cannot be read now.",
        has_retry_after=True,
    ),
    "no_budget": Refusal(
        403, "permission_error", "no_budget", "This key has no budget, so nothing may be spent."
    ),
    "tokens_over_limit": Refusal(
        400, _REQUEST, "tokens_over_limit", "{detail}", should_retry=False
    ),
    "budget_app": Refusal(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "The app's budget for this period cannot pay for this request. {detail}",
        should_retry=False,
    ),
    "budget_tenant": Refusal(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "The tenant's budget for this period cannot pay for this request. {detail}",
        should_retry=False,
    ),
    "budget_organisation": Refusal(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "The organisation's budget for this period cannot pay for this request.",
        should_retry=False,
    ),
    "requests_per_minute": Refusal(
        429, *_RATE, "Too many requests in this minute.", has_retry_after=True
    ),
    "tokens_per_minute": Refusal(
        429, *_RATE, "Too many tokens in this minute.", has_retry_after=True
    ),
    "parallel_requests": Refusal(
        429, *_RATE, "Too many requests at the same time.", has_retry_after=True
    ),
    "class_share": Refusal(
        429, *_RATE, "The priority class has its share of the model in use.", has_retry_after=True
    ),
    "over_capacity": Refusal(
        503,
        "overloaded_error",
        "over_capacity",
        "The model has all it can run and hold waiting.",
        has_retry_after=True,
    ),
    "counters_down": Refusal(
        503, "server_error", "counters_down", "The counters cannot be reached; nothing is admitted."
    ),
    "ledger_full": Refusal(
        503,
        "server_error",
        "ledger_full",
        "The record of requests cannot be written; nothing is served that would go unrecorded.",
        has_retry_after=True,
    ),
    "not_ready": Refusal(503, "server_error", "not_ready", "The gateway has no policy yet."),
    "engine_unreachable": Refusal(
        503,
        "server_error",
        "engine_unreachable",
        "No backend of this model can be reached.",
        has_retry_after=True,
    ),
    "engine_busy": Refusal(
        503, "overloaded_error", "engine_busy", "The engine takes no more.", has_retry_after=True
    ),
    "engine_refused": Refusal(400, _REQUEST, "engine_refused", "{detail}", should_retry=False),
    "engine_error": Refusal(502, "server_error", "engine_error", "The engine failed."),
    "timeout": Refusal(
        504,
        "server_error",
        "timeout",
        "The answer took longer than allowed; the work was stopped.",
        should_retry=False,
    ),
    "internal": Refusal(500, "server_error", "internal", "The gateway failed."),
}


def make_error_body(cause: str, detail: str = "", param: str | None = None) -> bytes:
    """The OpenAI-shaped error body of `cause`, as JSON."""
    row = REFUSALS[cause]
    message = row.message.replace("{detail}", detail).strip()
    error = {"message": message, "type": row.type, "code": row.code, "param": param}
    return json.dumps({"error": error}, ensure_ascii=True).encode()


def make_error_headers(cause: str, retry_after_s: int | None = None) -> list[tuple[bytes, bytes]]:
    """The headers that go with `cause`: Retry-After in whole seconds, x-should-retry."""
    row = REFUSALS[cause]
    headers = [(b"content-type", b"application/json")]
    if row.has_retry_after:
        headers.append((b"retry-after", b"%d" % max(1, retry_after_s or 1)))
    if row.should_retry is not None:
        headers.append((b"x-should-retry", b"true" if row.should_retry else b"false"))
    return headers


class RefusedError(Exception):
    """A request is refused for `cause`, a key of REFUSALS."""

    def __init__(
        self,
        cause: str,
        detail: str = "",
        *,
        param: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.detail = detail
        self.param = param
        self.retry_after_s = retry_after_s
        self.is_counted = False
        """Whether Redis already counted it, and recorded it."""
        self.is_settled = False
        """Whether the request was admitted: its settlement is its record."""
        self.model_name = ""
        """The model, where the request came so far."""
