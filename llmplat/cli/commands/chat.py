"""`llmplat chat`: one question, or a conversation, with a model behind the gateway."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import Run, current
from llmplat.domain.errors import InputError
from llmplat.output.settings import Format

if TYPE_CHECKING:
    from llmplat.domain.chat import ChatService, Message, Piece, Usage
    from llmplat.output.chat_view import Answer


def command(
    ctx: typer.Context,
    prompt: Annotated[
        str | None, typer.Argument(help="The question; - reads it from stdin.", metavar="PROMPT")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Model or alias [the first of the file].")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="Longest answer, in tokens.", min=1)
    ] = None,
) -> None:
    r"""Talk to a model through the gateway.

    Uses the platform's own budgeted system key. Without a prompt it starts a conversation on a
    terminal (an empty line or Ctrl-D ends it) and reads the prompt from a pipe elsewhere.

    \b
    Examples:
      # one question
      llmplat chat "What is a KV cache?"
      # from a pipe, as JSON with token counts
      echo "Say hello." | llmplat chat -o json
    """
    from llmplat.cli import wiring, wiring_gateway

    run = current(ctx)
    opened = wiring.open_platform(run)
    service = wiring_gateway.chat_service(run, opened)
    chosen = model or opened.loaded.platform.models[0].name
    text = _prompt(prompt)
    if text is None:
        _converse(run, service, chosen, max_tokens)
    else:
        _ask_once(run, service, chosen, text, max_tokens)


def _prompt(given: str | None) -> str | None:
    """The question; None means a conversation. Raises InputError for an empty one."""
    if given not in {None, "-"}:
        text = str(given)
    elif given is None and sys.stdin.isatty():
        return None
    else:
        text = sys.stdin.read().strip()
    if not text:
        raise InputError("The prompt is empty.", fix=('llmplat chat "Say hello."',))
    return text


def _ask_once(
    run: Run, service: "ChatService", model: str, text: str, max_tokens: int | None
) -> None:
    from llmplat.domain.chat import Message
    from llmplat.output import chat_view

    told = run.emitter.format is not Format.JSON
    answer = _listen(run, service, model, (Message("user", text),), max_tokens, told=told)
    if not told:
        run.emitter.result(answer, chat_view.VIEW)
    run.emitter.note(_summary(answer.usage, answer.took_s))


def _converse(run: Run, service: "ChatService", model: str, max_tokens: int | None) -> None:
    from llmplat.domain.chat import Message

    if run.emitter.format is Format.JSON:
        raise InputError("A conversation has no JSON form.", fix=('llmplat chat "..." -o json',))
    run.emitter.hint(f"talking to {model}; an empty line ends it")
    turns: tuple[Message, ...] = ()
    while line := _read_line():
        turns = (*turns, Message("user", line))
        answer = _listen(run, service, model, turns, max_tokens, told=True)
        turns = (*turns, Message("assistant", answer.text))


def _read_line() -> str:
    sys.stderr.write("> ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _listen(
    run: Run,
    service: "ChatService",
    model: str,
    messages: "tuple[Message, ...]",
    max_tokens: int | None,
    *,
    told: bool,
) -> "Answer":
    from llmplat.output.chat_view import Answer

    started = time.monotonic()
    pieces: list[Piece] = []
    for piece in service.stream(model, messages, max_tokens):
        pieces.append(piece)
        if told and piece.text:
            run.emitter.answer(piece.text)
    if told:
        run.emitter.answer("\n")
    return Answer(
        model=model,
        text="".join(piece.text for piece in pieces),
        usage=next((p.usage for p in reversed(pieces) if p.usage), None),
        request_id=next((p.request_id for p in pieces if p.request_id), None),
        finish_reason=next((p.finish_reason for p in reversed(pieces) if p.finish_reason), None),
        took_s=round(time.monotonic() - started, 3),
    )


def _summary(usage: "Usage | None", took_s: float) -> str:
    if usage is None:
        return f"{took_s:.1f} s"
    return f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out, {took_s:.1f} s"
