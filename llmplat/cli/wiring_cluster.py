"""The composition root of a platform on a cluster: up, and looks at what it left."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from llmplat.cli.wiring import Opened, catalog
from llmplat.domain.errors import InputError, PreconditionError

if TYPE_CHECKING:
    from llmplat.cli.run import Run
    from llmplat.domain.cluster import Cluster, ClusterIdentity, Object
    from llmplat.domain.errors import Finding
    from llmplat.domain.inventory import Inventory
    from llmplat.plan.plan import Plan


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
