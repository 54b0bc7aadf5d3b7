"""`llmplat status`: what runs, waits, fails and spends."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import Run, current
from llmplat.domain.errors import ExitCode

if TYPE_CHECKING:
    from llmplat.cli.wiring import Opened


def command(
    ctx: typer.Context,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="Another context than the file's."),
    ] = None,
) -> None:
    r"""Show what runs, waits, fails and spends.

    Each part with its pid, uptime and restarts; each model with its running and waiting requests
    and its KV-cache use; each tenant with its spend and limits; why a part waits or fails, with
    its last lines; and the next step. On a cluster: each model with its replicas and what its pods
    wait for (quota, a node, an image), the queues, and what Argo CD has not finished.
    Exit code 0 when all is well, 1 when not.

    \b
    Examples:
      # for people
      llmplat status
      # for scripts
      llmplat status -o json
    """
    from llmplat.cli import wiring, wiring_local
    from llmplat.cli.wiring_substrate import Ground, ground_of
    from llmplat.observe.status import make_status
    from llmplat.output import status_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    if ground_of(opened) is not Ground.LOCAL:
        _on_cluster(run, opened, context)
        return
    report = make_status(wiring_local.substrate(opened), wiring_local.ask())
    run.emitter.result(report, status_view.VIEW)
    if not report.is_healthy:
        raise typer.Exit(ExitCode.FAILED)


def _on_cluster(run: Run, opened: "Opened", context: str | None) -> None:
    from llmplat.apply.cluster_claim import holder_of
    from llmplat.cli.wiring_cluster import open_cluster
    from llmplat.observe.cluster_status import make_cluster_status
    from llmplat.output import cluster_status_view

    cluster = open_cluster(run, opened, context)
    report = make_cluster_status(cluster, opened.name, holder_of(cluster))
    run.emitter.result(report, cluster_status_view.VIEW)
    if not report.is_healthy:
        raise typer.Exit(ExitCode.FAILED)
