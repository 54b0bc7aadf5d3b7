"""What the ledger of requests tells: sums, single records, and when engines were at work."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class UsageSum:
    """Requests that are alike, of one UTC day."""

    day: str
    """YYYY-MM-DD."""
    tenant: str
    app: str
    model: str
    place: str
    """engine, external or cache; "" where nothing was asked."""
    outcome: str
    """answered, refused, aborted, failed, or changed for a change of keys."""
    cause: str
    requests: int
    prompt_tokens: int
    completion_tokens: int
    nanousd: int
    user: str = ""
    """tenant/app/id, where an app named who asked through it."""


@dataclass(frozen=True)
class RequestRecord:
    """One request, without its text."""

    request_id: str
    at_ms: int
    """When it ended, since 1970, by the counters' clock."""
    tenant: str
    app: str
    model: str
    class_name: str
    backend: str
    place: str
    prompt_tokens: int
    completion_tokens: int
    nanousd: int
    duration_ms: int
    outcome: str
    cause: str
    charged: str
    """Budgets it was charged to, each with its period, and behind them who asked (user:...)."""

    @property
    def user(self) -> str:
        """tenant/app/id of whoever asked, where the app named it."""
        return self.charged.rpartition("user:")[2] if " user:" in f" {self.charged}" else ""


class UsageLedger(Protocol):
    """The record of requests, read only. Moments are milliseconds since 1970."""

    def sums(self, since_ms: int) -> Sequence[UsageSum]:
        """Sums of all that ended since then; none where there is no ledger yet."""
        ...

    def last(self, count: int, since_ms: int) -> Sequence[RequestRecord]:
        """The newest `count` records since then, oldest first."""
        ...

    def busy(self, model: str, since_ms: int) -> Iterator[tuple[int, int]]:
        """Begin and end of each request an engine of `model` worked on, by begin."""
        ...

    def minutes(self, since_ms: int) -> int:
        """Minutes in which the platform ran."""
        ...
