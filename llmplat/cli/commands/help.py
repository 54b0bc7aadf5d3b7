"""`llmplat help`: the tables behind exit codes and error codes."""

from difflib import get_close_matches
from typing import Annotated

import typer

from llmplat.cli.run import current
from llmplat.domain.errors import InputError

_TOPICS = ("exit-codes", "errors")


def command(
    ctx: typer.Context,
    topic: Annotated[
        str, typer.Argument(help="exit-codes, errors, or an error code such as need-missing.")
    ] = "errors",
) -> None:
    r"""Explain exit codes or an error code.

    \b
    Examples:
      # what the exit code of the last command means
      llmplat help exit-codes
      # what an error code means, with an example
      llmplat help need-missing
    """
    from llmplat.output import guide, guide_view

    emitter = current(ctx).emitter
    if topic == "exit-codes":
        emitter.result(guide.exit_code_entries(), guide_view.EXIT_CODES)
        return
    entries = guide.error_entries()
    chosen = tuple(entry for entry in entries if topic in {"errors", entry.code})
    if not chosen:
        raise _no_topic(topic, [entry.code for entry in entries])
    emitter.result(chosen, guide_view.ERRORS)


def _no_topic(topic: str, codes: list[str]) -> InputError:
    near = get_close_matches(topic, [*_TOPICS, *codes], n=1)
    fix = (f"llmplat help {near[0]}",) if near else ()
    return InputError(
        f"There is no help on {topic!r}.",
        why="help knows exit-codes, errors and every error code",
        fix=(*fix, "llmplat help errors"),
    )
