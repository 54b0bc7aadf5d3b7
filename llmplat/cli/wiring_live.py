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
    from llmplat.apply.down_cluster import Cloud, DownClusterReport, DownClusterWish
    from llmplat.apply.down_scope import Volume
    from llmplat.apply.down_stay import CostOf
    from llmplat.apply.live_diff import CloudChange, LiveDiffReport
    from llmplat.apply.pause import PauseTools
    from llmplat.apply.pause_pools import PoolTools
    from llmplat.cli.run import Run
    from llmplat.cli.wiring import Opened
    from llmplat.domain.cluster import Cluster
    from llmplat.domain.manifest import Manifest
    from llmplat.domain.paused import Paused
    from llmplat.render.tree import Tree


def removing(
    run: "Run", opened: "Opened", context: str | None, timeout_s: float
) -> "Callable[[DownClusterWish], DownClusterReport]":
    """What takes the platform down; a cluster that is gone is not looked for."""
    from llmplat.apply.down_cluster import DownClusterTools, down_cloud, down_cluster
    from llmplat.apply.going import Patience

    cloud = _cloud(run, opened)
    if cloud is not None and not cloud.has_cluster():
        return lambda wish: down_cloud(wish, cloud, run.emitter)
    cluster = wiring_cluster.open_cluster(run, opened, context)
    tools = DownClusterTools(
        cluster=cluster,
        claim=lambda: hold(opened, cluster, "down"),
        cloud=cloud,
        patience=Patience(timeout_s),
        cost_of=_cost_of(opened),
    )
    return lambda wish: down_cluster(wish, tools, run.emitter)


def _cost_of(opened: "Opened") -> "CostOf":
    """What a volume costs: known where the cloud under the cluster is."""
    from llmplat.apply.down_stay import unknown_cost
    from llmplat.domain.units import GIB, parse_size

    gke = opened.loaded.platform.substrate.gke
    if gke is None:
        return unknown_cost

    def cost(volume: "Volume") -> tuple[float | None, str]:
        from llmplat.catalog.gke import load_gke_prices
        from llmplat.plan.gke.disks import disk_price

        try:
            gib = -(-parse_size(volume.size) // GIB)
        except ValueError:
            return None, f"unknown: its size is {volume.size or 'not said'}"
        return disk_price(gib, volume.storage_class, gke.region, load_gke_prices())

    return cost


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

    pools = _pools(run, opened, timeout_s)
    return PauseTools(
        cluster, lambda: hold(opened, cluster, verb), savings, Patience(timeout_s), pools
    )


def _pools(run: "Run", opened: "Opened", timeout_s: float) -> "PoolTools | None":
    """The machines under a cluster that llmplat made; None for one that was there."""
    from llmplat.adapters.google_pools import GooglePools
    from llmplat.apply.pause_pools import PoolTools
    from llmplat.cli.wiring_google import google_rest

    gke = opened.loaded.platform.substrate.gke
    if gke is None:
        return None
    rest = google_rest(run, gke.project)
    pools = GooglePools(rest, gke.location, opened.name, timeout_s=timeout_s)
    # Where the file counts all zones together the autoscaler chooses the zone, as models ask.
    return PoolTools(
        pools, {one.name: one.nodes or one.min_per_zone or 0 for one in gke.pools if one.gpu}
    )


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
