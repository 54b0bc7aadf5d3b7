"""How long to go on when a connection breaks or a server is busy."""

from dataclasses import dataclass

from llmplat.domain.units import parse_whole


@dataclass(frozen=True)
class Patience:
    """Tries and the waits between them."""

    attempts: int = 6
    """Tries in a row that bring no new byte."""
    first_delay_s: float = 0.5
    """Doubled after each of them."""
    longest_delay_s: float = 20.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0

    def delay_s(self, attempt: int, retry_after: str | None = None) -> float:
        """How long to wait after try number `attempt` (0 first); a server may ask for more."""
        delay_s = self.first_delay_s * 2.0**attempt
        delay_s = max(delay_s, parse_whole(retry_after or "") or 0)
        return min(delay_s, self.longest_delay_s)
