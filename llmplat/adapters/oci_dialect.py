"""How a registry takes uploads: what is known of it, and what it falls back to when it refuses."""

import threading
from dataclasses import dataclass, replace
from enum import StrEnum

from llmplat.catalog.registries import RegistryFacts
from llmplat.domain.units import MIB

PIECE_BYTES = 64 * MIB
"""Costs nothing against one request, and is what a kill may cost at most."""


class Way(StrEnum):
    """The three ways to send a blob."""

    PIECES = "pieces"
    """PATCH after PATCH; the digest may be open until the end."""
    STREAM = "stream"
    """One PATCH of unstated length; the digest may be open until the end."""
    PUT = "put"
    """One PUT that names the digest: the bytes are read twice, hashed first."""


@dataclass(frozen=True)
class Dialect:
    """One way, and whether pieces state their length (None: as the registry's sessions look)."""

    way: Way = Way.PIECES
    states_length: bool | None = None

    def fallback(self) -> "Dialect | None":
        """The next more widely understood way; None after the last."""
        if self.way is Way.PIECES:
            return Dialect(Way.STREAM)
        if self.way is Way.STREAM:
            return Dialect(Way.PUT)
        return None

    def for_session(self, location: str) -> "Dialect":
        """Settle how pieces are framed, from the look of a session's address.

        Distribution (and Harbor upon it) signs `_state` into it, and takes pieces of unstated
        length, which can be ended at any byte; others are spoken to as the specification has it.
        """
        if self.way is not Way.PIECES or self.states_length is not None:
            return self
        return replace(self, states_length="_state=" not in location)


class Spoken:
    """The dialect of one registry, shared by its uploads: what one learns, all use."""

    def __init__(self, facts: RegistryFacts) -> None:
        framing = {"length": True, "open": False}
        self._lock = threading.Lock()
        self._now = Dialect(
            Way(facts.dialect) if facts.dialect else Way.PIECES,
            framing.get(facts.framing or ""),
        )

    @property
    def now(self) -> Dialect:
        """As far as it is known."""
        return self._now

    def fall_back(self, refused: Dialect) -> bool:
        """`refused` does not work here; False when nothing is left to try."""
        with self._lock:
            if self._now.way is not refused.way:
                return True
            after = refused.fallback()
            if after is None:
                return False
            self._now = after
            return True
