"""`llmplat verify`: proof that the controls hold on the running platform."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import Run, current
from llmplat.domain.errors import ExitCode

if TYPE_CHECKING:
    from llmplat.cli.wiring import Opened


def command(
    ctx: typer.Context,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.md", help="Also write the report as a page."),
    ] = None,
    no_attacks: Annotated[
        bool, typer.Option("--no-attacks", help="Only the controls, not the ways around them.")
    ] = False,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="Another context than the file's."),
    ] = None,
) -> None:
    r"""Prove the controls on the running platform.

    Tries them for real, with short-lived keys of its own: no key, a wrong key, a model that is
    not allowed, requests a minute, parallel requests, a spent budget, revocation, the engine
    past the gateway, open sockets, and some four hundred ways around the gateway. Costs a few
    hundred tokens of the platform's own budget; changes nothing that stays.
    On a cluster: policies, quotas, rights and projects as rendered, attempts that the API server
    must refuse (by dry-run, each beside a twin that it must take), and the gateway's refusals. What
    could not be tried is shown as not run.

    \b
    Examples:
      # a report to keep
      llmplat verify --report verify.md
    \b
    Exit codes:
      0  everything held
      6  something did not
    """
    from llmplat.cli import wiring, wiring_checks
    from llmplat.cli.wiring_substrate import Ground, ground_of
    from llmplat.observe.attack_list import ATTACKS
    from llmplat.observe.controls import CONTROLS
    from llmplat.observe.verify import verify
    from llmplat.output import verify_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    if ground_of(opened) is not Ground.LOCAL:
        _on_cluster(run, opened, context, report)
        return
    with wiring_checks.verify_site(run) as site:
        attacks = () if no_attacks else ATTACKS
        found = verify(site, CONTROLS, run.emitter, attacks=attacks)
    if report is not None:
        wiring.write_user_file(report, verify_view.markdown(found, wiring_checks.made_now()))
        run.emitter.note(f"report written to {report}")
    run.emitter.result(found, verify_view.VERIFY)
    if found.failed:
        raise typer.Exit(ExitCode.FINDINGS)


def _on_cluster(run: Run, opened: "Opened", context: str | None, page: Path | None) -> None:
    from llmplat.cli import wiring, wiring_checks
    from llmplat.cli.wiring_cluster import open_cluster
    from llmplat.cli.wiring_local import ask
    from llmplat.cli.wiring_tree import cluster_plan
    from llmplat.observe.cluster_verify import verify_cluster
    from llmplat.output import cluster_verify_view

    cluster = open_cluster(run, opened, context)
    with run.emitter.step("Try the controls"):
        found = verify_cluster(cluster, cluster_plan(opened), ask())
    if page is not None:
        text = cluster_verify_view.markdown(found, wiring_checks.made_now())
        wiring.write_user_file(page, text)
    run.emitter.result(found, cluster_verify_view.VIEW)
    if found.broken:
        raise typer.Exit(ExitCode.FINDINGS)
