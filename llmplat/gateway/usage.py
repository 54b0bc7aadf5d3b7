"""Turns what the engine said of its own work into tokens and a charge."""

import json
from dataclasses import dataclass

from llmplat.gateway.charges import Charge
from llmplat.gateway.flight import Flight


@dataclass(frozen=True)
class Usage:
    """Tokens by the engine's own count."""

    prompt_tokens: int
    completion_tokens: int


def read_usage(document: object) -> Usage | None:
    """The usage in a whole answer or a chunk, None when it tells none."""
    usage = document.get("usage") if isinstance(document, dict) else None
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens") or 0
    if type(prompt) is not int or type(completion) is not int:
        return None
    return Usage(prompt, completion)


def read_event_usage(event: bytes) -> Usage | None:
    """The usage in one server-sent event."""
    try:
        return read_usage(json.loads(event.removeprefix(b"data: ")))
    except ValueError:
        return None


def read_tap(flight: Flight) -> Usage | None:
    """The usage in the last chunk LiteLLM read from the engine, whether or not it passed it on."""
    for chunk in reversed(getattr(flight.tap, "chunks", None) or []):
        usage = getattr(chunk, "usage", None)
        prompt = getattr(usage, "prompt_tokens", None)
        if type(prompt) is int:
            return Usage(prompt, getattr(usage, "completion_tokens", 0) or 0)
    return None


def make_charge(flight: Flight, usage: Usage | None, outcome: str) -> Charge:
    """What `usage` costs; without usage the reservation stays the charge."""
    if usage is None:
        return Charge(tokens=-1, outcome=outcome)
    model = flight.served
    nanousd = (
        usage.prompt_tokens * model.input_nanousd_per_token
        + usage.completion_tokens * model.output_nanousd_per_token
    )
    return Charge(
        tokens=usage.prompt_tokens + usage.completion_tokens,
        nanousd=nanousd,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        outcome=outcome,
    )


def make_cut_charge(flight: Flight, outcome: str) -> Charge:
    """The charge of a request that was cut off: what a stream delivered, else the reservation.

    A stream that was cut before its first token pays the prompt's bound.
    """
    if not flight.wish.is_stream:
        return Charge(tokens=-1, outcome=outcome)
    usage = read_tap(flight)
    if usage is None:
        charge = make_charge(flight, Usage(flight.reservation.prompt_tokens, 0), outcome)
        charge.prompt_tokens = 0
        return charge
    return make_charge(flight, usage, outcome)
