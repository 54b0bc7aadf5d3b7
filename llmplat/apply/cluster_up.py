"""A plan and a cluster -> the platform running on it: one re-runnable step after another."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from llmplat.apply.cluster_changes import Changes, hashes_of, live_hashes
from llmplat.apply.cluster_claim import SYSTEM, Held, claim
from llmplat.apply.cluster_inventory import InventoryBook, open_book, read_inventory, refuse_other
from llmplat.apply.cluster_reports import ClusterUpReport, Delivered
from llmplat.apply.cluster_tools import ClusterTools, ClusterWish
from llmplat.apply.cluster_wait import Patience, Wanted, applications_of, await_waves
from llmplat.apply.narrow import find_narrowing, narrow
from llmplat.apply.needs import refuse_missing
from llmplat.apply.pause import refuse_paused
from llmplat.apply.proof import Proof
from llmplat.apply.together import Together
from llmplat.domain.cluster import Object, ref_of
from llmplat.domain.errors import Finding, Severity
from llmplat.domain.ports import Progress, StepProgress
from llmplat.plan.cluster.cluster import ClusterPlan
from llmplat.plan.plan import Plan
from llmplat.render.tree import Tree, make_tree

STEPS = ("claim", "secrets", "argocd", "narrow", "push", "root", "waves", "verify", "proof", "done")
"""In their order; the inventory names the last one that a run reached."""
_WHERE = "The cluster"
_STARTS_BESIDE_S = 1800.0
"""For everything that is not a model: images, volumes, certificates."""


@dataclass
class _Run:
    """One run's state, handed from step to step."""

    plan: Plan
    wish: ClusterWish
    tools: ClusterTools
    progress: Progress
    held: Held
    book: InventoryBook
    tree: Tree
    changes: Changes
    delivered: Delivered = field(default_factory=lambda: Delivered("", 0, 0))
    proofs: tuple[Proof, ...] = ()
    not_run: list[str] = field(default_factory=list)

    @property
    def cluster(self) -> ClusterPlan:
        """What is planned for the cluster."""
        assert self.plan.cluster is not None  # noqa: S101 (only called for clusters)
        return self.plan.cluster

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[StepProgress]:
        """On record in the cluster before it begins."""
        self.held.check()
        self.book.step(name)
        self.tools.on_step(name)
        with self.progress.step(text) as step:
            yield step


def up_cluster(
    plan: Plan, wish: ClusterWish, tools: ClusterTools, progress: Progress
) -> ClusterUpReport:
    """Bring the platform up on a cluster; a killed run is gone on with by the next.

    Raises:
        PreconditionError: something is missing or in the way (all findings); nothing was changed.
        BusyError: another run holds the cluster.
        TimedOutError: a wave is not done in time; names the object.
        ClusterError, RegistryError, GatewayError: a step was refused.
    """
    began = time.monotonic()
    tree = make_tree(plan, tools.catalog)
    warnings = _preflight(plan, wish, tools, progress)
    with claim(tools.cluster, plan.platform, "up", tools.who) as held:
        book = open_book(tools.cluster, plan.platform, wish.project)
        there = live_hashes(applications_of(tools.cluster, plan.platform))
        changes = Changes(hashes_of(tree, tools.load_yaml), there)
        run = _Run(plan, wish, tools, progress, held, book, tree, changes)
        book.about_to_make(SYSTEM)
        for act in (_secrets, _argocd, _narrow, _push, _root, _waves, _verify, _prove):
            act(run)
        held.check()
        book.note(step="done", file_digest=wish.file_digest, profile=plan.profile)
    return _report(run, warnings, time.monotonic() - began)


def _preflight(
    plan: Plan, wish: ClusterWish, tools: ClusterTools, progress: Progress
) -> tuple[Finding, ...]:
    with progress.step("Check the cluster") as step:
        inventory = read_inventory(tools.cluster)
        refuse_other(inventory, plan.platform, wish.project)
        refuse_paused(tools.cluster)
        found = (*tools.preflight(plan, inventory), *tools.missing_secrets(plan))
        refuse_missing(found, _WHERE)
        step.detail("ready")
    for one in found:
        tell = progress.note if one.severity is Severity.NOTE else progress.warn
        tell(f"{one.what} {one.why or ''}".strip())
    return found


def _secrets(run: _Run) -> None:
    """Again under the claim: a run beside this one may have taken them down."""
    with run.step("secrets", "Look for the secrets") as step:
        refuse_missing(run.tools.missing_secrets(run.plan), _WHERE)
        step.detail("all there")


def _argocd(run: _Run) -> None:
    with run.step("argocd", "Argo CD"):
        run.tools.ensure_argocd(run.plan, run.book, run.progress)


def _narrow(run: _Run) -> None:
    """Before the new tree: Argo CD alone would wait for a yes, or take what others put there."""
    found = find_narrowing(run.tools.cluster, run.plan.platform, run.tree)
    if found:
        run.tools.agree(found)
        with run.step("narrow", "Remove what the file leaves out"):
            narrow(found, run.progress)


def _push(run: _Run) -> None:
    with run.step("push", "Push the tree") as step:
        together = Together(run.progress, step, len(run.tree.artifacts))
        run.delivered = run.tools.deliver(run.plan, run.tree, together)
        step.detail(f"{run.delivered.sent} new, {run.delivered.kept} there already")
    run.book.note(delivery=run.cluster.gitops.url, root_revision=run.delivered.revision)


def _root(run: _Run) -> None:
    things = run.tools.load_yaml(run.tree.text("root/root.yaml"))
    with run.step("root", "Root Application") as step:
        run.book.about_to_make(*(ref_of(thing) for thing in things))
        for thing in things:
            run.tools.cluster.apply(_refreshed(thing))
        step.detail(run.delivered.revision[:19])


def _waves(run: _Run) -> None:
    """Each wave is a step of its own on the screen, and all of them one on record."""
    run.held.check()
    run.book.step("waves")
    run.tools.on_step("waves")
    timeout_s = run.wish.timeout_s
    if timeout_s is None:
        timeout_s = _STARTS_BESIDE_S + run.cluster.workloads.longest_start_s
    wanted = Wanted(run.plan.platform, run.changes.wanted, run.delivered.revision)
    planned, patience = run.cluster.applications, Patience(timeout_s)
    await_waves(run.tools.cluster, planned, wanted, patience, run.progress, run.held)


def _verify(run: _Run) -> None:
    with run.step("verify", "Try the controls") as step:
        found = run.tools.verify(run.plan)
        refuse_missing(found, _WHERE)
        step.detail("they hold")


def _prove(run: _Run) -> None:
    if run.plan.gateway is None:
        run.not_run.append("a completion: the profile serving has no gateway")
    elif not run.wish.is_proving:
        run.not_run.append("a completion through the gateway: --no-proof")
    else:
        with run.step("proof", "Ask for a first answer") as step:
            run.proofs = run.tools.prove(run.plan)
            words = (f"{one.model}: {one.tokens} tokens in {one.took_s} s" for one in run.proofs)
            step.detail("; ".join(words))
    for one in run.not_run:
        run.progress.warn(f"not run: {one}")


def _refreshed(thing: Object) -> Object:
    """A root that is looked at now: a new commit would hide behind a cache for minutes."""
    if thing["kind"] != "Application":
        return thing
    annotations = {**(thing["metadata"].get("annotations") or {})}
    annotations["argocd.argoproj.io/refresh"] = "normal"
    return {**thing, "metadata": {**thing["metadata"], "annotations": annotations}}


def _report(run: _Run, warnings: tuple[Finding, ...], took_s: float) -> ClusterUpReport:
    changes = run.changes
    return ClusterUpReport(
        platform=run.plan.platform,
        profile=run.plan.profile,
        identity=run.tools.cluster.identity(),
        applications=tuple(sorted(changes.wanted)),
        changed=tuple(sorted((*changes.add, *changes.change))),
        removed=changes.remove,
        sent=run.delivered.sent,
        kept=run.delivered.kept,
        revision=run.delivered.revision,
        proofs=run.proofs,
        not_run=tuple(run.not_run),
        warnings=warnings,
        took_s=round(took_s, 3),
    )
