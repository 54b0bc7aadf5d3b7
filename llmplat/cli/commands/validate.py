"""`llmplat validate`: check the platform file, all faults at once."""

import typer

from llmplat.cli.run import current


def command(ctx: typer.Context) -> None:
    r"""Check the platform file, all faults at once.

    Reads the platform file and its lock and plans them. Exits 3 when a file is wrong, 6 when
    the file is well but its wishes cannot be met, 0 when `up` could start it. Changes nothing.

    \b
    Examples:
      # as a gate in CI
      llmplat validate -f platform.yaml
    """
    from llmplat.cli.wiring import catalog, open_platform, read_lock
    from llmplat.domain.errors import ExitCode
    from llmplat.output.validation_view import VALIDATION
    from llmplat.plan.check import check_platform

    run = current(ctx)
    opened = open_platform(run)
    report = check_platform(opened.loaded, read_lock(opened), catalog())
    run.emitter.result(report, VALIDATION)
    if report.errors:
        raise typer.Exit(ExitCode.FINDINGS)
