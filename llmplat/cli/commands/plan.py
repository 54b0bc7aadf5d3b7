"""`llmplat plan`: what the platform file leads to."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import current

if TYPE_CHECKING:
    from llmplat.cli.wiring import Opened
    from llmplat.plan.plan import Plan


def command(
    ctx: typer.Context,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 8 when `up` would change something.")
    ] = False,
) -> None:
    r"""Show what the platform file leads to.

    Reads the platform file, its lock and the catalogue, nothing else, and decides: layers,
    components, where each model runs, memory, capacity, prices, timeouts, and what this
    substrate leaves out and why. For GKE it also runs the program infra/gke under mocks, in a
    process of its own, and shows what it makes and what that costs. No cloud, no credentials, no
    network; changes nothing.

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
    if plan.substrate == "gke":
        plan = _with_cloud(opened, plan)
    run.emitter.result(plan, PLAN)
    if exit_code:
        from llmplat.apply.diff import make_diff
        from llmplat.domain.errors import ExitCode

        if make_diff(plan, wiring_local.running_parts(opened)).changes:
            raise typer.Exit(ExitCode.CHANGES)


def _with_cloud(opened: "Opened", plan: "Plan") -> "Plan":
    from dataclasses import replace

    from llmplat.cli import wiring_gke

    return replace(plan, gke=wiring_gke.gke_plan(opened, plan))
