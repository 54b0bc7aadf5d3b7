"""One exchange with a model through the gateway, as values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True)
class Usage:
    """Tokens as the engine counted them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Piece:
    """One piece of a streamed answer; the last ones may carry usage and no text."""

    text: str
    model: str | None = None
    request_id: str | None = None
    usage: Usage | None = None
    finish_reason: str | None = None


class ChatService(Protocol):
    """Where questions go: the running gateway."""

    def stream(
        self, model: str, messages: tuple[Message, ...], max_tokens: int | None
    ) -> Iterator[Piece]:
        """The answer as it comes; raises GatewayError when it is refused or breaks off."""
        ...
