"""`llmplat logs`: the logs of the running parts."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import Run, current
from llmplat.domain.errors import InputError
from llmplat.output.settings import Format

if TYPE_CHECKING:
    from llmplat.domain.ports import Substrate


def command(
    ctx: typer.Context,
    service: Annotated[
        str | None,
        typer.Argument(metavar="SERVICE", help="One part, as `llmplat status` names it [all]."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new lines.")] = False,
    lines: Annotated[
        int,
        typer.Option(
            "--lines", "-n", min=0, max=1_000_000, help="Lines of each part to begin with."
        ),
    ] = 50,
) -> None:
    r"""Show the logs of the running parts.

    \b
    Examples:
      # the last lines of everything
      llmplat logs
      # the gateway, as it speaks
      llmplat logs gateway --follow
    """
    from llmplat.cli import wiring, wiring_local

    run = current(ctx)
    opened = wiring.open_platform(run)
    substrate = wiring_local.substrate(opened)
    if run.emitter.format is Format.JSON:
        _tell_document(run, substrate, service, lines, follow=follow)
        return
    for line in substrate.logs(service, lines, is_following=follow):
        run.emitter.answer(f"{line.service}\t{line.text}\n")


def _tell_document(
    run: Run, substrate: "Substrate", service: str | None, lines: int, *, follow: bool
) -> None:
    from llmplat.output import logs_view

    if follow:
        raise InputError("--follow has no end and so no JSON form.", fix=("llmplat logs -o json",))
    found = tuple(substrate.logs(service, lines, is_following=False))
    run.emitter.result(logs_view.LogReport(found), logs_view.VIEW)
