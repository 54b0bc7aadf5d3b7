"""`up` on GKE: the project looked at, the cloud made, secrets filled, then the steps of any cluster."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from llmplat.cli.cluster_up_run import ClusterUpFlags, bring_up, fetch_pulumi, plan_of
from llmplat.cli.run import Run, confirmation
from llmplat.domain.errors import ExitCode, InputError

if TYPE_CHECKING:
    from llmplat.cli.wiring import Opened
    from llmplat.plan.plan import Plan


@dataclass(frozen=True)
class GkeUpFlags:
    """The flags of `up` that mean something on GKE."""

    cluster: ClusterUpFlags
    waive: tuple[str, ...] = ()
    allow_replace: frozenset[str] = frozenset()


def run_gke_up(run: Run, opened: "Opened", flags: GkeUpFlags) -> None:
    """Bring the opened platform up on a GKE cluster of its own, or show what that would do."""
    from llmplat.apply.gke_up import preview_gke, up_gke
    from llmplat.cli import wiring_cluster, wiring_cluster_up, wiring_gke
    from llmplat.output import gke_up_view

    plan = plan_of(run, opened, flags.cluster)
    fetch_pulumi(run, opened, flags.cluster)
    wish = wiring_gke.gke_wish(
        opened,
        plan,
        waive=flags.waive,
        allow_replace=flags.allow_replace,
        is_repair=flags.cluster.is_repair,
        ask=None if flags.cluster.is_yes else confirmation() or _nobody,
    )
    tools = wiring_gke.gke_tools(run, opened, plan)
    if flags.cluster.is_dry_run:
        preview = preview_gke(wish, tools)
        run.emitter.result(preview, gke_up_view.PREVIEW)
        if preview.missing:
            raise typer.Exit(ExitCode.NOT_READY)
        return
    up_gke(wish, tools, run.emitter)
    _fill(run, opened, plan)
    cluster = wiring_cluster.open_cluster(run, opened)
    on_cluster = wiring_cluster_up.cluster_wish(
        opened, timeout_s=flags.cluster.timeout_s, is_proving=flags.cluster.is_proving
    )
    on_cluster = replace(on_cluster, project=wish.needs.project)
    steps = wiring_cluster_up.cluster_tools(
        run, opened, cluster, is_yes=flags.cluster.is_yes, is_repair=flags.cluster.is_repair
    )
    # The cluster is our own and was just agreed to.
    bring_up(run, plan, on_cluster, steps, is_yes=True)


def _fill(run: Run, opened: "Opened", plan: "Plan") -> None:
    """Everything that can be generated; PreconditionError for what waits for a person."""
    from llmplat.apply.secrets import refuse_wanting, seed_secrets
    from llmplat.cli.wiring_secrets import backend_of

    with run.emitter.step("Fill the secrets") as step:
        report = seed_secrets(plan, backend_of(run, opened, plan))
        refuse_wanting(report)
        step.detail(f"{len(report.made)} made, {len(report.kept)} were there")


def _nobody(_question: str) -> bool:
    raise InputError(
        "Nothing was made in the cloud.", "there is no terminal to ask on", ("llmplat up --yes",)
    )
