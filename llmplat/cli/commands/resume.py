"""`llmplat resume`: the end of a pause."""

from typing import Annotated

import typer

from llmplat.cli.run import current


def command(
    ctx: typer.Context,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="Another context than the file's."),
    ] = None,
) -> None:
    r"""End a pause: every figure back as it was.

    Gives pools on GKE their limits back, opens the queues, brings the engines back to the replicas
    they had, and turns Argo CD's automatic sync on again. It does not wait for models to load: `llmplat status` shows that.
    Running it twice is safe; without a pause it changes nothing.

    \b
    Examples:
      # back to work
      llmplat resume
    """
    from llmplat.apply.pause import resume
    from llmplat.cli import wiring, wiring_live
    from llmplat.output.pause_view import VIEW

    run = current(ctx)
    opened = wiring.open_platform(run)
    tools = wiring_live.pause_tools(run, opened, "resume", context)
    run.emitter.result(resume(opened.name, tools, run.emitter), VIEW)
