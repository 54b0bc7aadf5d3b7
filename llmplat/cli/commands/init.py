"""`llmplat init`: write a first platform file."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from llmplat.cli.run import current
from llmplat.domain.errors import InputError, SpecError
from llmplat.output.theme import Theme
from llmplat.output.view import View

if TYPE_CHECKING:
    from llmplat.spec.scaffold import Answers

_T = TypeVar("_T", str, int)


@dataclass(frozen=True)
class Written:
    """The file that was written."""

    file: str
    name: str
    models: tuple[str, ...]
    tenants: tuple[str, ...]


def _human(report: Written, theme: Theme) -> Iterator[str]:
    yield f"wrote {theme.title(report.file)}"
    yield f"  models   {', '.join(report.models)}"
    yield f"  tenants  {', '.join(report.tenants)}"


VIEW: View[Written] = View("Init", _human, lambda report: [(report.file,)])


def command(  # noqa: PLR0913, PLR0917 (one parameter per flag)
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the platform [the folder's name].")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="serving, llm-gateway or full.")
    ] = "llm-gateway",
    port: Annotated[
        int | None, typer.Option("--port", help="Port of the gateway on 127.0.0.1 [4000].")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Source of a model, repeatable [the bundled demo]."),
    ] = None,
    tenant: Annotated[
        list[str] | None, typer.Option("--tenant", help="A tenant, repeatable [demo].")
    ] = None,
    budget: Annotated[
        float, typer.Option("--budget", min=0, help="USD a month for each tenant.")
    ] = 5.0,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there already.")
    ] = False,
) -> None:
    r"""Write a short, commented platform file.

    \b
    1. asks for what no flag says, on a terminal only; elsewhere takes the defaults
    2. looks at the free memory of this machine
    3. writes ./platform.yaml, or the file named by --file; never over one that is there

    It starts nothing and fetches nothing.

    \b
    Examples:
      # a first file with the bundled demo model
      llmplat init
      # in CI: all answers as flags
      llmplat init --name lab --model hf://Qwen/Qwen2.5-0.5B-Instruct --tenant team-a -f lab.yaml
    """
    from llmplat.cli.wiring import free_memory_bytes, write_user_file
    from llmplat.spec.scaffold import DEMO_SOURCE, Answers, make_label, make_platform_text

    run = current(ctx)
    file = run.file or Path("platform.yaml")
    _refuse_existing(file, force=force)
    folder = make_label(Path.cwd().name) if len(Path.cwd().name) > 1 else "demo"
    answers = Answers(
        name=name or _ask("Name of the platform", folder),
        sources=tuple(model or (_ask("Source of the model", DEMO_SOURCE),)),
        tenants=tuple(tenant or (_ask("First tenant", "demo"),)),
        profile=profile,
        port=port if port is not None else _ask("Port of the gateway", 4000),
        budget_usd=budget,
        free_memory_bytes=free_memory_bytes(),
    )
    text = make_platform_text(answers)
    report = _checked(text, str(file), answers)
    write_user_file(file, text)
    run.emitter.result(report, VIEW)
    named = f" -f {file}" if run.file else ""
    run.emitter.hint(f"llmplat plan{named}")
    run.emitter.hint(f"llmplat up{named}")


def _ask(question: str, default: _T) -> _T:
    """The person's answer on a terminal, else the default."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return default
    answer: _T = typer.prompt(question, default=default, err=True)
    return answer


def _refuse_existing(file: Path, *, force: bool) -> None:
    if file.is_dir():
        raise InputError(
            f"{file} is a folder.",
            "a file is to be written",
            (f"llmplat init --file {file}/platform.yaml",),
        )
    if file.exists() and not force:
        raise InputError(
            f"{file} is there already.",
            "init never writes over a file of yours",
            (f"llmplat init --file {file} --force", "or name another with --file"),
        )


def _checked(text: str, file: str, answers: "Answers") -> Written:
    """What the text says, read as any platform file is; InputError when an answer is wrong."""
    from llmplat.spec.load import parse_platform

    try:
        platform = parse_platform(text, file).platform
    except SpecError as error:
        findings = tuple(replace(item, where=None, also=()) for item in error.findings)
        raise InputError(
            "These answers do not make a platform.",
            "nothing was written",
            ("llmplat init --help",),
            findings=findings,
        ) from error
    return Written(file, answers.name, tuple(m.name for m in platform.models), answers.tenants)
