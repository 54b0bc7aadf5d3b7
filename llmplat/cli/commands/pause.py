"""`llmplat pause`: engines on GPUs to zero, queues held."""

from typing import Annotated

import typer

from llmplat.cli.options import A_MONTH_S
from llmplat.cli.run import current


def command(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Answer the question, for scripts.")] = False,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="Another context than the file's."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            min=1,
            max=A_MONTH_S,
            metavar="SECONDS",
            help="How long engines may take to end.",
        ),
    ] = 600.0,
) -> None:
    r"""Let GPUs rest: engines to zero, queues held.

    1. writes down every figure it is going to change; 2. holds the ClusterQueues, so that nothing
    new starts; 3. takes the engines that use GPUs to zero, with their autoscalers; 4. on GKE takes
    the pools with GPUs to zero machines, but for those on which a team's job still runs; 5. says
    what that saves a month. Argo CD's automatic sync of these parts is off meanwhile. Data, keys,
    the gateway and engines without GPUs stay as they are. Running it twice is safe.

    \b
    Examples:
      # for the weekend
      llmplat pause
      # and back, with the same figures
      llmplat resume
    """
    from llmplat.apply.pause import pause
    from llmplat.cli import wiring, wiring_live
    from llmplat.output.pause_view import VIEW

    run = current(ctx)
    opened = wiring.open_platform(run)
    tools = wiring_live.pause_tools(run, opened, "pause", context, timeout)
    wiring_live.confirm_pause(run, opened, tools, is_yes=yes)
    run.emitter.result(pause(opened.name, tools, run.emitter), VIEW)
