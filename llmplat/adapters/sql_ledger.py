"""What every SQL ledger answers, whatever its database: sums, the last records, busy times, minutes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from llmplat.domain.usage import RequestRecord, UsageSum


@dataclass(frozen=True)
class Queries:
    """The same questions in one database's dialect; times are milliseconds since 1970."""

    sums: LiteralString
    """since -> rows of UsageSum."""
    last: LiteralString
    """since, count -> rows of RequestRecord, the newest first."""
    busy: LiteralString
    """since, model, since -> start and end of each request, by start."""
    minutes: LiteralString
    """Minute since 1970 -> how many minutes were written."""


class SqlLedger(ABC):
    """A UsageLedger, read only."""

    queries: Queries

    def sums(self, since_ms: int) -> Sequence[UsageSum]:
        """See UsageLedger."""
        return [UsageSum(*row) for row in self._read(self.queries.sums, since_ms)]

    def last(self, count: int, since_ms: int) -> Sequence[RequestRecord]:
        """See UsageLedger."""
        return [RequestRecord(*row) for row in self._read(self.queries.last, since_ms, count)][::-1]

    def busy(self, model: str, since_ms: int) -> Iterator[tuple[int, int]]:
        """See UsageLedger."""
        return self._read(self.queries.busy, since_ms, model, since_ms)

    def minutes(self, since_ms: int) -> int:
        """See UsageLedger."""
        return int(next(iter(self._read(self.queries.minutes, since_ms // 60_000)), (0,))[0])

    @abstractmethod
    def _read(self, query: LiteralString, *values: object) -> Iterator[tuple[Any, ...]]:
        """Rows of `query`; PreconditionError where the ledger cannot be read."""
