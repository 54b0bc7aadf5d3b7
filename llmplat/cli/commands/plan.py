"""`llmplat plan`: what the platform file leads to."""

from typing import Annotated

import typer

from llmplat.cli.run import current


def command(
    ctx: typer.Context,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 8 when `up` would change something.")
    ] = False,
) -> None:
    r"""Show what the platform file leads to.

    Reads the platform file, its lock and the catalogue, nothing else, and decides: layers,
    components, where each model runs, memory, capacity, prices, timeouts, and what this
    substrate leaves out and why. Changes nothing.

    \b
    Examples:
      # the built-in platform
      llmplat plan
      # for machines
      llmplat plan -f platform.yaml -o json
    """
    from llmplat.cli import wiring, wiring_local
    from llmplat.output.plan_view import PLAN
    from llmplat.plan.make import make_plan

    run = current(ctx)
    opened = wiring.open_platform(run)
    plan = make_plan(opened.loaded.platform, wiring.read_lock(opened), wiring.catalog())
    run.emitter.result(plan, PLAN)
    if exit_code:
        from llmplat.apply.diff import make_diff
        from llmplat.domain.errors import ExitCode

        if make_diff(plan, wiring_local.running_parts(opened)).changes:
            raise typer.Exit(ExitCode.CHANGES)
