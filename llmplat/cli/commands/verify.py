"""`llmplat verify`: proof that the controls hold on the running platform."""

from pathlib import Path
from typing import Annotated

import typer

from llmplat.cli.run import current
from llmplat.domain.errors import ExitCode


def command(
    ctx: typer.Context,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.md", help="Also write the report as a page."),
    ] = None,
    no_attacks: Annotated[
        bool, typer.Option("--no-attacks", help="Only the controls, not the ways around them.")
    ] = False,
) -> None:
    r"""Prove the controls on the running platform.

    Tries them for real, with short-lived keys of its own: no key, a wrong key, a model that is
    not allowed, requests a minute, parallel requests, a spent budget, revocation, the engine
    past the gateway, open sockets, and some four hundred ways around the gateway. Costs a few
    hundred tokens of the platform's own budget; changes nothing that stays.

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
    from llmplat.observe.attack_list import ATTACKS
    from llmplat.observe.controls import CONTROLS
    from llmplat.observe.verify import verify
    from llmplat.output import verify_view

    run = current(ctx)
    with wiring_checks.verify_site(run) as site:
        attacks = () if no_attacks else ATTACKS
        found = verify(site, CONTROLS, run.emitter, attacks=attacks)
    if report is not None:
        wiring.write_user_file(report, verify_view.markdown(found, wiring_checks.made_now()))
        run.emitter.note(f"report written to {report}")
    run.emitter.result(found, verify_view.VERIFY)
    if found.failed:
        raise typer.Exit(ExitCode.FINDINGS)
