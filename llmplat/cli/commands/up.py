"""`llmplat up`: from a platform file to a running platform that has answered."""

from typing import Annotated

import typer

from llmplat.cli.options import A_MONTH_S
from llmplat.cli.run import confirmation, current


def command(  # noqa: PLR0913, PLR0917 (its flags)
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done and change nothing.")
    ] = False,
    accept_tight: Annotated[
        bool, typer.Option("--accept-tight", help="Start models that may not fit their GPU.")
    ] = False,
    accept_unfit: Annotated[
        bool, typer.Option("--accept-unfit", help="Start models that do not fit their GPU.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Change the cluster without a question, for scripts.")
    ] = False,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="Another context than the file's."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            min=1,
            max=A_MONTH_S,
            metavar="SECONDS",
            help="How long to wait on a cluster.",
        ),
    ] = None,
    no_proof: Annotated[
        bool, typer.Option("--no-proof", help="On a cluster: ask no model for an answer.")
    ] = False,
    waive: Annotated[
        list[str] | None,
        typer.Option("--waive", metavar="NAME", help="On GKE: go on without what doctor names so."),
    ] = None,
    allow_replace: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-replace", metavar="POOL", help="On GKE: a pool that may be made again."
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="On a cluster: break a lock of Pulumi's left behind, then go on."
        ),
    ] = False,
    install_pulumi: Annotated[
        bool,
        typer.Option("--install-pulumi", help="On a cluster: fetch Pulumi's tool; asks first."),
    ] = False,
) -> None:
    r"""Start the platform and prove it answers.

    1. checks ports, memory and disk; 2. installs the engine's and the gateway's environments;
    3. fetches the models; 4. writes configuration and secrets; 5. starts what is new or changed;
    6. waits until all is well; 7. asks each model for a first answer through the gateway.
    It may be stopped at any moment and run again; what runs and did not change is left alone.
    A model that does not fit its GPU is refused before anything starts; one that is tight is
    asked about on a terminal and needs --accept-tight elsewhere.

    On a cluster it names the context and the server and asks; then it checks the cluster, adopts
    or installs Argo CD, pushes the manifests to where `gitops` says, applies the root Application,
    waits wave by wave, tries the controls and asks for a first answer. Nothing is changed before
    all checks have passed.

    On GKE it first looks at the project (APIs, billing, permissions, quotas, zones, names), shows
    what changes, makes the cluster, and fills Secret Manager; then it goes on as on a cluster.

    \b
    Examples:
      # the built-in default: one small model, one tenant
      llmplat up
      # what would happen
      llmplat up --dry-run
      # a cluster, from a script
      llmplat up -f platform.yaml --yes
    """
    from llmplat.apply.key_changes import refresh
    from llmplat.apply.up import FitConsent, preview_up, up
    from llmplat.cli import wiring, wiring_gateway, wiring_local
    from llmplat.cli.cluster_up_run import ClusterUpFlags, run_cluster_up
    from llmplat.cli.gke_up_run import GkeUpFlags, run_gke_up
    from llmplat.cli.wiring_substrate import Ground, ground_of
    from llmplat.domain.errors import ExitCode
    from llmplat.output import up_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    if opened.loaded.platform.mirror is not None:
        from llmplat.cli.wiring_mirror import require_mirror

        require_mirror(run, opened)
    if ground_of(opened) is not Ground.LOCAL:
        flags = ClusterUpFlags(
            dry_run,
            yes,
            context,
            timeout,
            not no_proof,
            accept_tight,
            accept_unfit,
            repair,
            install_pulumi,
        )
        if ground_of(opened) is Ground.CLUSTER:
            run_cluster_up(run, opened, flags)
            return
        gke = GkeUpFlags(flags, tuple(waive or ()), frozenset(allow_replace or ()))
        run_gke_up(run, opened, gke)
        return
    if opened.file is None:
        run.emitter.warn("no platform.yaml here: using the built-in default platform")
    tools = wiring_local.up_tools(run, opened)
    platform, lock = opened.loaded.platform, wiring.read_lock(opened)
    if dry_run:
        preview = preview_up(platform, lock, tools, is_unfit_accepted=accept_unfit)
        run.emitter.result(preview, up_view.PREVIEW)
        if preview.missing:
            raise typer.Exit(ExitCode.NOT_READY)
        return
    consent = FitConsent(accept_unfit, accept_unfit or accept_tight, confirmation())
    report = up(platform, lock, tools, run.emitter, consent)
    # A key made while we worked is in its file, and must not be missing at the gateway.
    refresh(wiring_gateway.desk_of(opened))
    run.emitter.result(report, up_view.VIEW)
