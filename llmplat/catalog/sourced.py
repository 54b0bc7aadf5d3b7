"""What every dated fact says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sourced:
    """Where a fact was read and when."""

    source: str
    as_of: str
    """ISO date."""
