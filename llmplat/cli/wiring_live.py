"""The composition root of the verbs that compare, pause and take down what lives in a cluster."""

from typing import TYPE_CHECKING

from llmplat.cli import wiring_cluster
from llmplat.cli.run import confirmation
from llmplat.cli.wiring import catalog
from llmplat.domain.errors import InputError, PreconditionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from llmplat.apply.cluster_claim import Held
    from llmplat.apply.down_cluster import Cloud, DownClusterTools
    from llmplat.apply.live_diff import CloudChange, LiveDiffReport
    from llmplat.apply.pause import PauseTools
    from llmplat.cli.run import Run
    from llmplat.cli.wiring import Opened
    from llmplat.domain.cluster import Cluster
    from llmplat.domain.manifest import Manifest
    from llmplat.domain.paused import Paused
    from llmplat.render.tree import Tree


def down_tools(
    run: "Run", opened: "Opened", context: str | None, timeout_s: float
) -> "DownClusterTools":
    """What `down` needs of the world."""
    from llmplat.apply.down_cluster import DownClusterTools
    from llmplat.apply.going import Patience

    cluster = wiring_cluster.open_cluster(run, opened, context)
    return DownClusterTools(
        cluster=cluster,
        claim=lambda: hold(opened, cluster, "down"),
        cloud=_cloud(run, opened),
        patience=Patience(timeout_s),
    )


def _cloud(run: "Run", opened: "Opened") -> "Cloud | None":
    """What llmplat made under the cluster; None for one that was there."""
    from llmplat.cli.wiring_gke import cloud_of

    return cloud_of(run, opened) if opened.loaded.platform.substrate.gke is not None else None


def hold(opened: "Opened", cluster: "Cluster", verb: str) -> "AbstractContextManager[Held]":
    """The platform for one run of `verb`; BusyError when another run holds it."""
    from llmplat.adapters.claimant import this_run
    from llmplat.apply.cluster_claim import claim

    return claim(cluster, opened.name, verb, this_run())


def live_diff(run: "Run", opened: "Opened", tree: "Tree", context: str | None) -> "LiveDiffReport":
    """In what the cluster differs from `tree`; nothing is changed."""
    from llmplat.apply.cluster_inventory import read_inventory, refuse_other
    from llmplat.apply.live_diff import make_live_diff

    cluster = wiring_cluster.open_cluster(run, opened, context)
    inventory = read_inventory(cluster)
    refuse_other(inventory, opened.name, inventory.project if inventory else "")
    return make_live_diff(tree, cluster, inventory, _cloud_preview(run, opened))


def _cloud_preview(run: "Run", opened: "Opened") -> "Callable[[], tuple[CloudChange, ...]] | None":
    """What `up` would change in the cloud; None where llmplat made no ground."""
    if opened.loaded.platform.substrate.gke is None:
        return None
    from llmplat.apply.live_diff import CloudChange
    from llmplat.cli import wiring_gke, wiring_tree

    def preview() -> tuple[CloudChange, ...]:
        wish = wiring_gke.gke_wish(opened, wiring_tree.cluster_plan(opened))
        found = wiring_gke.provisioner(run, opened).preview(wish.document)
        return tuple(
            CloudChange(one.act.value, f"{one.kind.rpartition(':')[2]} {one.name}", one.differs)
            for one in found
        )

    return preview


def pushed_tree(
    run: "Run", opened: "Opened", context: str | None
) -> "tuple[str, tuple[Manifest, ...]]":
    """What was last pushed: its name for people, and its files.

    Raises PreconditionError where nothing was pushed yet, or it cannot be read.
    """
    from llmplat.adapters.pushed_tree import pull_tree, read_commit
    from llmplat.apply.cluster_inventory import read_inventory

    inventory = read_inventory(wiring_cluster.open_cluster(run, opened, context))
    if inventory is None or not inventory.root_revision:
        raise PreconditionError(
            f"Nothing of {opened.name} was pushed yet.",
            "the cluster holds no record of a push",
            ("llmplat up", "llmplat diff --tree DIR"),
        )
    url, revision = inventory.delivery, inventory.root_revision
    if url.startswith("oci://"):
        return f"{url}@{revision}", pull_tree(url, revision, opened.cache, run.env)
    gitops = opened.loaded.platform.gitops
    path = gitops.git.path.strip("/") if gitops is not None and gitops.git is not None else ""
    return f"{url} at {revision[:12]}", read_commit(url, path or ".", revision, opened.cache)


def pause_tools(
    run: "Run", opened: "Opened", verb: str, context: str | None, timeout_s: float = 600.0
) -> "PauseTools":
    """What `pause` and `resume` need of the world."""
    from llmplat.apply.going import Patience
    from llmplat.apply.pause import PauseTools
    from llmplat.plan.savings import Saving, savings_of

    cluster = wiring_cluster.open_cluster(run, opened, context)

    def savings(paused: "Paused") -> tuple[Saving, ...]:
        resting: dict[str, int] = {}
        for one in paused.models:
            resting[one.model] = resting.get(one.model, 0) + one.replicas * one.gpus
        return savings_of(opened.loaded.platform, resting, catalog())

    return PauseTools(cluster, lambda: hold(opened, cluster, verb), savings, Patience(timeout_s))


def confirm_pause(run: "Run", opened: "Opened", tools: "PauseTools", *, is_yes: bool) -> None:
    """Go on only where somebody agreed to this very cluster; InputError otherwise."""
    identity = tools.cluster.identity()
    place = f"the cluster {identity.context} at {identity.server}"
    ask = confirmation()
    run.emitter.warn(f"this ends the engines on GPUs of {opened.name} in {place}")
    if is_yes or (ask is not None and ask("Go on?")):
        return
    why = "there is no terminal to ask on" if ask is None else "the answer was no"
    raise InputError(f"Nothing was paused in {place}.", why, ("llmplat pause --yes",))
