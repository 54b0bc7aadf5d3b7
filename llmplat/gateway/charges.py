"""What a request came to, or why it was refused: the facts from which the counters make a record."""

from dataclasses import dataclass

from llmplat.gateway.lanes import Lane


@dataclass
class Charge:
    """What a request came to."""

    tokens: int = 0
    """-1 keeps the reservation as the charge."""
    nanousd: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    outcome: str = "completed"
    """completed, cached, failed, aborted, timeout; void takes a reservation back."""
    cause: str = ""
    """Why it failed, a key of REFUSALS."""
    place: str = "engine"
    """Where it was answered: engine, external or cache."""


_TOLD = {
    "completed": ("answered", ""),
    "cached": ("answered", "cached"),
    "aborted": ("aborted", ""),
    "timeout": ("failed", "timeout"),
}
"""Outcome of the metrics -> outcome and cause of the record."""


@dataclass(frozen=True)
class Refused:
    """The record of a request that was refused before it reached the counters."""

    request_id: str
    who: str
    """Tenant, app and model, joined as in the metrics."""
    class_name: str
    cause: str
    backlog: int


def make_settlement(
    lane: Lane, request_id: str, charge: Charge, backend: str, duration_ms: int
) -> list[str | int]:
    """The arguments of SETTLE (see scripts.py)."""
    return [
        lane.text,
        request_id,
        charge.tokens,
        charge.nanousd,
        charge.prompt_tokens,
        charge.completion_tokens,
        backend,
        charge.outcome,
        duration_ms,
        charge.place,
        *_TOLD.get(charge.outcome, ("failed", charge.cause)),
    ]
