"""The composition root of a platform on a cluster: up, and looks at what it left."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from llmplat.cli.wiring import Opened, catalog
from llmplat.domain.errors import InputError, PreconditionError

if TYPE_CHECKING:
    from llmplat.apply.cluster_reports import Delivered
    from llmplat.apply.cluster_tools import ClusterTools, ClusterWish
    from llmplat.apply.narrow import Narrowing
    from llmplat.apply.proof import Proof
    from llmplat.cli.run import Run
    from llmplat.domain.cluster import Cluster, ClusterIdentity, Object
    from llmplat.domain.errors import Finding
    from llmplat.domain.inventory import Inventory
    from llmplat.domain.ports import Progress
    from llmplat.plan.plan import Plan
    from llmplat.render.tree import Tree


def open_cluster(run: "Run", opened: Opened, context: str | None = None) -> "Cluster":
    """The cluster of the platform file's context, or of the one named; never the ambient one.

    Raises ClusterUnreachableError for a context that leads nowhere.
    """
    from llmplat.adapters.kube_cluster import open_cluster as open_context

    if context is None and opened.loaded.platform.substrate.gke is not None:
        from llmplat.cli.wiring_gke import open_own_cluster

        return open_own_cluster(run, opened)
    return open_context(context or context_of(opened), run.env)


def context_of(opened: Opened) -> str:
    """The context that the platform file names."""
    cluster = opened.loaded.platform.substrate.cluster
    if cluster is None:
        raise PreconditionError(
            "This platform does not stand on a cluster of yours.",
            f"its substrate is {opened.loaded.platform.substrate.kind or 'not named'}",
            ("set substrate: {cluster: {context: my-cluster}}",),
        )
    return cluster.context


def confirm(
    identity: "ClusterIdentity", ask: Callable[[str], bool] | None, *, is_yes: bool
) -> None:
    """Go on only where somebody agreed to this very cluster; InputError otherwise."""
    where = f"the cluster {identity.context} at {identity.server} (Kubernetes {identity.version})"
    if is_yes or (ask is not None and ask(f"Change {where}?")):
        return
    why = "there is no terminal to ask on" if ask is None else "the answer was no"
    raise InputError(f"Nothing was changed on {where}.", why, ("llmplat up --yes",))


def cluster_tools(
    run: "Run", opened: Opened, cluster: "Cluster", *, is_yes: bool = False
) -> "ClusterTools":
    """What `up` on a cluster needs of the world."""
    from llmplat.adapters.claimant import this_run
    from llmplat.adapters.tree_delivery import deliver
    from llmplat.apply.argocd_adopt import adopt
    from llmplat.apply.cluster_secrets import missing_secrets
    from llmplat.apply.cluster_tools import ClusterTools
    from llmplat.apply.narrow import refuse_narrowing
    from llmplat.cli.run import confirmation
    from llmplat.output.narrowing_view import told

    def send(plan: "Plan", tree: "Tree", progress: "Progress") -> "Delivered":
        return deliver(plan, tree, opened.cache, run.env, progress)

    def agree(narrowing: "Narrowing") -> None:
        for line in told(narrowing):
            run.emitter.warn(line)
        ask = confirmation()
        if not is_yes and (ask is None or not ask("Remove that?")):
            refuse_narrowing(narrowing)

    return ClusterTools(
        cluster=cluster,
        catalog=catalog(),
        who=this_run(),
        deliver=send,
        preflight=lambda plan, inventory: preflight(opened, cluster, plan, inventory),
        missing_secrets=lambda plan: missing_secrets(cluster, plan),
        ensure_argocd=lambda _, book, progress: adopt(cluster, book, progress),
        verify=lambda plan: _verify(cluster, plan),
        prove=lambda plan: _prove(run, cluster, plan),
        load_yaml=load_yaml,
        agree=agree,
    )


def cluster_wish(
    opened: Opened, *, timeout_s: float | None = None, is_proving: bool = True
) -> "ClusterWish":
    """What this run is to come to."""
    from llmplat.apply.cluster_tools import ClusterWish, file_digest

    files = (opened.file, opened.lock_file, opened.keys_file)
    texts = (one.read_text("utf-8") for one in files if one is not None and one.is_file())
    return ClusterWish(file_digest(*texts), timeout_s=timeout_s, is_proving=is_proving)


def preflight(
    opened: Opened, cluster: "Cluster", plan: "Plan", inventory: "Inventory | None"
) -> "tuple[Finding, ...]":
    """All that is in the way on this cluster, and what is worth knowing."""
    from llmplat.apply.preflight.check import check_cluster

    return check_cluster(cluster, plan, opened.loaded.platform, catalog(), inventory)


def load_yaml(text: str) -> "list[Object]":
    """Several documents of a text that we rendered ourselves."""
    import yaml

    return [thing for thing in yaml.load_all(text, Loader=yaml.CSafeLoader) if thing]


def _verify(cluster: "Cluster", plan: "Plan") -> "tuple[Finding, ...]":
    from llmplat.observe.cluster_verify import quick_findings

    return quick_findings(cluster, plan)


def _prove(run: "Run", cluster: "Cluster", plan: "Plan") -> "tuple[Proof, ...]":
    from llmplat.adapters.local_http import ask
    from llmplat.apply.cluster_secrets import system_key
    from llmplat.apply.proof import prove
    from llmplat.plan.cluster.gateway import NAMESPACE
    from llmplat.render.objects.gateway import NAME_OF_ALL, SERVICE_PORT

    key = system_key(cluster, plan)
    run.emitter.masker.add(key)
    with cluster.forward(NAMESPACE, NAME_OF_ALL, SERVICE_PORT) as url:
        return prove(plan, url, key, ask, 3)
