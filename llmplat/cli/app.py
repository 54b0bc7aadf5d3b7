"""Turns a command line into one run: one boundary for every error, one exit."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer

from llmplat import __version__
from llmplat.cli.loader import LazyGroup
from llmplat.cli.options import peek
from llmplat.cli.run import Run, new_run
from llmplat.domain.errors import ExitCode, InternalError, LlmplatError, UsageError

_CLICK_EXCEPTION: type[Exception] = typer.BadParameter.__mro__[2]
"""Typer's base of usage errors; its home moved between versions, the ancestry did not."""

app = typer.Typer(
    name="llmplat",
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(value: bool) -> None:
    if value:
        sys.stdout.write(f"llmplat {__version__}\n")
        raise typer.Exit


@app.callback(epilog="Start here: llmplat up    Then: llmplat keys create demo/app")
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version)
    ] = False,
) -> None:
    """Bootstrap a governed LLM platform: engine, gateway, tenants, budgets, limits."""


def root_command() -> Any:  # noqa: ANN401 (Typer's command classes are private)
    """The whole command tree, its verbs not yet loaded."""
    return typer.main.get_command(app)


def main() -> NoReturn:
    """Run the process's command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run_command(sys.argv[1:]))


def run_command(words: Sequence[str]) -> int:
    """Run `words` (without the program's name); every failure ends here as an exit code."""
    verb = next((word for word in words if not word.startswith("-")), "llmplat")
    run = new_run("".join(c for c in verb if c.isalnum())[:20] or "llmplat")
    peek(run, words)
    try:
        return _guarded(run, words)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    finally:
        run.log.close()


def _guarded(run: Run, words: Sequence[str]) -> int:
    run.log.head("start", run.emitter.masker.mask(f"llmplat {__version__} {' '.join(words)}"))
    try:
        code = _invoke(run, words)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except LlmplatError as error:
        run.emitter.error(error)
        code = error.exit_code
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 (the one boundary: anything else is our bug)
        run.emitter.error(_bug(error))
        code = ExitCode.BUG
    if code == ExitCode.INTERRUPTED:
        run.emitter.warn("interrupted; running the same command again is safe")
    if run.log.path is not None:
        run.log.write("exit", str(int(code)))
    return int(code)


def _invoke(run: Run, words: Sequence[str]) -> int:
    command = root_command()
    try:
        outcome = command.main(
            args=list(words) or ["--help"], prog_name="llmplat", standalone_mode=False, obj=run
        )
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except _CLICK_EXCEPTION as error:
        raise _usage(error) from error
    return outcome if isinstance(outcome, int) else ExitCode.DONE


def _usage(error: Exception) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "llmplat"
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    return UsageError(message.strip(), fix=(f"{path} --help",))


def _bug(error: Exception) -> InternalError:
    bug = InternalError(
        f"llmplat met something it did not expect: {type(error).__name__}",
        why=str(error) or None,
        fix=(
            "run the same command again with --debug and report what it prints",
            "the log named below holds the whole story",
        ),
    )
    bug.__cause__ = error
    return bug
