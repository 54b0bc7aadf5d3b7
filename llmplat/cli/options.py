"""The options every command has, declared once and given to each command by the loader."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from llmplat.cli.run import Run, current
from llmplat.output.settings import Format, Level

A_MONTH_S = 30 * 86400
"""The most that a `--timeout` may be: longer is a slip, and NaN would wait for ever."""


def _take_file(ctx: typer.Context, value: Path | None) -> None:
    if value is not None:
        current(ctx).file = value


def _take_output(ctx: typer.Context, value: Format | None) -> None:
    if value is not None:
        current(ctx).emitter.format = value


def _take_quiet(ctx: typer.Context, value: bool) -> None:
    if value:
        current(ctx).emitter.level = Level.QUIET


def _take_verbose(ctx: typer.Context, value: bool) -> None:
    if value:
        current(ctx).emitter.level = Level.VERBOSE


def _take_debug(ctx: typer.Context, value: bool) -> None:
    if value:
        current(ctx).emitter.level = Level.DEBUG


def _take_no_color(ctx: typer.Context, value: bool) -> None:
    if value:
        current(ctx).emitter.color = False


def _shared(
    _file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="The platform file [./platform.yaml, else a built-in default].",
            callback=_take_file,
            expose_value=False,
            metavar="FILE",
        ),
    ] = None,
    _output: Annotated[
        Format | None,
        typer.Option(
            "--output",
            "-o",
            help="Who reads the answer [human on a terminal, else plain].",
            callback=_take_output,
            expose_value=False,
        ),
    ] = None,
    _quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Only the answer, warnings and errors.",
            callback=_take_quiet,
            expose_value=False,
        ),
    ] = False,
    _verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Also notes and the output of child processes.",
            callback=_take_verbose,
            expose_value=False,
        ),
    ] = False,
    _debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Everything, with times and tracebacks.",
            callback=_take_debug,
            expose_value=False,
        ),
    ] = False,
    _no_color: Annotated[
        bool,
        typer.Option(
            "--no-color",
            help="No colour (NO_COLOR=1 does the same).",
            callback=_take_no_color,
            expose_value=False,
        ),
    ] = False,
) -> None: ...


def shared_parameters() -> list[Any]:
    """The shared options as parameters to add to a command."""
    template = typer.Typer(add_completion=False)
    template.command()(_shared)
    return [
        parameter
        for parameter in typer.main.get_command(template).params
        if "--help" not in parameter.opts
    ]


def peek(run: Run, words: Sequence[str]) -> None:
    """Read -o, -q, -v and --debug before Typer does, so that a usage error is told right."""
    levels = {"-q": Level.QUIET, "--quiet": Level.QUIET, "-v": Level.VERBOSE}
    levels |= {"--verbose": Level.VERBOSE, "--debug": Level.DEBUG}
    for index, word in enumerate(words):
        if word == "--":
            return
        run.emitter.level = levels.get(word, run.emitter.level)
        value = _output_value(word, words[index + 1] if index + 1 < len(words) else "")
        if value in set(Format):
            run.emitter.format = Format(value)


def _output_value(word: str, following: str) -> str | None:
    if word in {"-o", "--output"}:
        return following
    if word.startswith("--output="):
        return word.partition("=")[2]
    return word[2:] if word.startswith("-o") else None
