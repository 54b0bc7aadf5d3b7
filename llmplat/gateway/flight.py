"""One admitted request on its way: what the guard knows of it and LiteLLM's hooks add to it."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from llmplat.gateway.bodies import Reservation, Wish
from llmplat.gateway.lanes import Lane
from llmplat.gateway.policy import Key, ServedModel

SCOPE_KEY = "llmplat.flight"
"""Where a Flight stands in the ASGI scope; an object no client can send."""


@dataclass
class Flight:
    """A request that passed every control; its presence in the scope is LiteLLM's only credential."""

    request_id: str
    key: Key
    model: ServedModel
    wish: Wish
    lane: Lane
    reservation: Reservation
    started_s: float
    """Monotonic."""
    priority: int
    is_settled: bool = False
    tap: Any = None
    """LiteLLM's stream wrapper, whose `chunks` hold the engine's usage so far."""
    error: BaseException | None = None
    """What LiteLLM's call to the engine ended in."""


FLIGHT: ContextVar[Flight | None] = ContextVar("llmplat_flight", default=None)
