"""`llmplat diff`: what `up` would change."""

import typer

from llmplat.cli.run import current


def command(ctx: typer.Context) -> None:
    r"""Show what applying would change.

    Plans the platform and compares the plan with what the last `up` left on this machine:
    services that would be started, replaced or removed, and files that would be rewritten.
    Exits 0 when nothing would change, 8 when something would. Changes nothing.

    \b
    Examples:
      # before applying
      llmplat diff -f platform.yaml
      # as a gate in CI
      llmplat diff -o json || test $? -eq 8
    """
    from llmplat.apply.diff import make_diff
    from llmplat.cli import wiring, wiring_local
    from llmplat.domain.errors import ExitCode
    from llmplat.output.diff_view import DIFF
    from llmplat.plan.make import make_plan

    run = current(ctx)
    opened = wiring.open_platform(run)
    platform, lock = opened.loaded.platform, wiring.read_lock(opened)
    plan = make_plan(platform, lock, wiring.catalog(), is_unfit_accepted=True)
    report = make_diff(plan, wiring_local.running_parts(opened))
    run.emitter.result(report, DIFF)
    if report.changes:
        raise typer.Exit(ExitCode.CHANGES)
