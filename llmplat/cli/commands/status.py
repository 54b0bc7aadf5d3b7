"""`llmplat status`: what runs, waits, fails and spends."""

import typer

from llmplat.cli.run import current


def command(ctx: typer.Context) -> None:
    r"""Show what runs, waits, fails and spends.

    Each part with its pid, uptime and restarts; each model with its running and waiting requests
    and its KV-cache use; each tenant with its spend and limits; why a part waits or fails, with
    its last lines; and the next step. Exit code 0 when all is well, 1 when not.

    \b
    Examples:
      # for people
      llmplat status
      # for scripts
      llmplat status -o json
    """
    from llmplat.cli import wiring, wiring_local
    from llmplat.domain.errors import ExitCode
    from llmplat.observe.status import make_status
    from llmplat.output import status_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    report = make_status(wiring_local.substrate(opened), wiring_local.ask())
    run.emitter.result(report, status_view.VIEW)
    if not report.is_healthy:
        raise typer.Exit(ExitCode.FAILED)
