"""The composition root of `up` on a cluster, once its ground is there."""

from typing import TYPE_CHECKING

from llmplat.cli import wiring_argocd, wiring_cluster
from llmplat.cli.wiring import Opened, catalog

if TYPE_CHECKING:
    from llmplat.apply.cluster_reports import Delivered
    from llmplat.apply.cluster_tools import ClusterTools, ClusterWish
    from llmplat.apply.narrow import Narrowing
    from llmplat.apply.proof import Proof
    from llmplat.cli.run import Run
    from llmplat.domain.cluster import Cluster
    from llmplat.domain.errors import Finding
    from llmplat.domain.inventory import Inventory
    from llmplat.domain.ports import Progress
    from llmplat.plan.plan import Plan
    from llmplat.render.tree import Tree


def cluster_tools(
    run: "Run", opened: Opened, cluster: "Cluster", *, is_yes: bool = False, is_repair: bool = False
) -> "ClusterTools":
    """What `up` on a cluster needs of the world."""
    from llmplat.adapters.claimant import this_run
    from llmplat.adapters.tree_delivery import deliver
    from llmplat.apply.cluster_secrets import missing_secrets
    from llmplat.apply.cluster_tools import ClusterTools
    from llmplat.apply.narrow import refuse_narrowing
    from llmplat.cli.run import confirmation
    from llmplat.output.narrowing_view import told

    def send(plan: "Plan", tree: "Tree", progress: "Progress") -> "Delivered":
        return deliver(plan, tree, opened.cache, run.env, progress)

    def look(plan: "Plan", inventory: "Inventory | None") -> "tuple[Finding, ...]":
        return (
            *wiring_cluster.preflight(opened, cluster, plan, inventory),
            *wiring_argocd.missing_for_argocd(run, opened, cluster, plan),
        )

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
        preflight=look,
        missing_secrets=lambda plan: missing_secrets(cluster, plan),
        ensure_argocd=wiring_argocd.ensure_argocd(run, opened, cluster, is_repair=is_repair),
        verify=lambda plan: _verify(cluster, plan),
        prove=lambda plan: _prove(run, opened, cluster, plan),
        load_yaml=wiring_cluster.load_yaml,
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


def _verify(cluster: "Cluster", plan: "Plan") -> "tuple[Finding, ...]":
    from llmplat.observe.cluster_verify import quick_findings

    return quick_findings(cluster, plan)


def _prove(run: "Run", opened: Opened, cluster: "Cluster", plan: "Plan") -> "tuple[Proof, ...]":
    from llmplat.adapters.local_http import ask
    from llmplat.apply.cluster_secrets import system_key
    from llmplat.apply.proof import prove
    from llmplat.cli.wiring_secrets import backend_of
    from llmplat.plan.cluster.gateway import NAMESPACE
    from llmplat.render.objects.gateway import NAME_OF_ALL, SERVICE_PORT

    key = system_key(backend_of(run, opened, plan, cluster), plan)
    run.emitter.masker.add(key)
    with cluster.forward(NAMESPACE, NAME_OF_ALL, SERVICE_PORT) as url:
        return prove(plan, url, key, ask, 3)
