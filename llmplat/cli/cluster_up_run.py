"""`up` on a cluster: agreed to, then brought up, then told."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from llmplat.cli.run import Run, confirmation
from llmplat.domain.errors import ExitCode, PlanError

if TYPE_CHECKING:
    from llmplat.apply.cluster_tools import ClusterTools, ClusterWish
    from llmplat.cli.wiring import Opened
    from llmplat.plan.plan import Plan


@dataclass(frozen=True)
class ClusterUpFlags:
    """The flags of `up` that mean something on a cluster."""

    is_dry_run: bool = False
    is_yes: bool = False
    context: str | None = None
    timeout_s: float | None = None
    is_proving: bool = True
    is_tight_accepted: bool = False
    is_unfit_accepted: bool = False
    is_repair: bool = False
    """Break a lock of Pulumi's that was left behind."""
    is_installing: bool = False
    """Fetch Pulumi's tool first."""


def run_cluster_up(run: Run, opened: "Opened", flags: ClusterUpFlags) -> None:
    """Bring the opened platform up on its cluster, or show what that would do."""
    from llmplat.apply.cluster_preview import preview_cluster_up
    from llmplat.apply.needs import errors_of
    from llmplat.cli import wiring_cluster, wiring_cluster_up
    from llmplat.output import cluster_up_view

    plan = plan_of(run, opened, flags)
    cluster = wiring_cluster.open_cluster(run, opened, flags.context)
    wish = wiring_cluster_up.cluster_wish(
        opened, timeout_s=flags.timeout_s, is_proving=flags.is_proving
    )
    fetch_pulumi(run, opened, flags)
    tools = wiring_cluster_up.cluster_tools(
        run, opened, cluster, is_yes=flags.is_yes, is_repair=flags.is_repair
    )
    if flags.is_dry_run:
        preview = preview_cluster_up(plan, wish, tools)
        run.emitter.result(preview, cluster_up_view.PREVIEW)
        if errors_of(preview.missing):
            raise typer.Exit(ExitCode.NOT_READY)
        return
    bring_up(run, plan, wish, tools, is_yes=flags.is_yes)


def bring_up(
    run: Run, plan: "Plan", wish: "ClusterWish", tools: "ClusterTools", *, is_yes: bool
) -> None:
    """The steps on the cluster, after a yes to this very one."""
    from llmplat.apply.cluster_up import up_cluster
    from llmplat.cli import wiring_cluster
    from llmplat.output import cluster_up_view

    identity = tools.cluster.identity()
    run.emitter.note(f"cluster {identity.context} at {identity.server} ({identity.version})")
    wiring_cluster.confirm(identity, confirmation(), is_yes=is_yes)
    report = up_cluster(plan, wish, tools, run.emitter)
    run.emitter.result(report, cluster_up_view.VIEW)


def fetch_pulumi(run: Run, opened: "Opened", flags: ClusterUpFlags) -> None:
    """Pulumi's tool into llmplat's own folder, where the flags say so."""
    from llmplat.cli.wiring_gke import install_pulumi

    if flags.is_installing:
        install_pulumi(run, opened, (lambda _question: True) if flags.is_yes else confirmation())


def plan_of(run: Run, opened: "Opened", flags: ClusterUpFlags) -> "Plan":
    """The plan; pins what the lock lacks first, asks about models that may not fit."""
    from llmplat.cli.wiring import catalog, read_keys, read_lock
    from llmplat.cli.wiring_lock import make_lock
    from llmplat.domain.errors import LockMissingError
    from llmplat.plan.make import make_plan

    platform, keys = opened.loaded.platform, read_keys(opened.keys_file)
    is_unfit = flags.is_unfit_accepted
    try:
        plan = make_plan(
            platform, read_lock(opened), catalog(), keys=keys, is_unfit_accepted=is_unfit
        )
    except LockMissingError:
        if flags.is_dry_run:
            raise
        lock = make_lock(run, opened, run.emitter)
        plan = make_plan(platform, lock, catalog(), keys=keys, is_unfit_accepted=is_unfit)
    if plan.tight and not (flags.is_tight_accepted or is_unfit or flags.is_dry_run):
        ask, why = confirmation(), "; ".join(plan.tight)
        if ask is None or not ask(f"{why}. Go on all the same?"):
            raise PlanError(
                "A model may not fit its GPU, so nothing was changed.",
                why,
                ("llmplat up --accept-tight", "llmplat gpu-fit says what would make it fit"),
            )
    for warning in plan.warnings:
        run.emitter.warn(warning)
    return plan
