"""How one answer of a model is told when it was not streamed to the terminal."""

from dataclasses import dataclass

from llmplat.domain.chat import Usage
from llmplat.output.view import View


@dataclass(frozen=True)
class Answer:
    """A whole answer with what it took."""

    model: str
    text: str
    usage: Usage | None
    request_id: str | None
    finish_reason: str | None
    took_s: float


VIEW: View[Answer] = View(
    "ChatAnswer",
    lambda answer, _theme: [answer.text],
    lambda answer: [(answer.text,)],
)
