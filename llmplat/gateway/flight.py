"""One admitted request on its way: what the guard knows of it and LiteLLM's hooks add to it."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from llmplat.gateway.bodies import Reservation, Wish
from llmplat.gateway.lanes import Lane
from llmplat.gateway.policy import Key, ServedModel, WayOut

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
    ways: tuple[WayOut, ...] = ()
    """Services outside that this request may be sent to."""
    user: str = ""
    """Whoever asks through an app that may say so, as tenant/app/id; "" where none is known."""
    traceparent: str = ""
    """W3C trace context of the spans; "" where nothing is traced."""
    way: WayOut | None = None
    """The one it was sent to last; None for an engine."""
    is_burst: bool = False
    """The engines were full: only services outside may answer."""
    is_settled: bool = False
    tap: Any = None
    """LiteLLM's stream wrapper, whose `chunks` hold the engine's usage so far."""
    error: BaseException | None = None
    """What LiteLLM's call to the engine ended in."""

    @property
    def served(self) -> ServedModel:
        """The model as whoever was asked last offers it."""
        return self.way.served if self.way is not None else self.model

    @property
    def place(self) -> str:
        """Where it was sent last."""
        return "external" if self.served.is_external else "engine"


FLIGHT: ContextVar[Flight | None] = ContextVar("llmplat_flight", default=None)
