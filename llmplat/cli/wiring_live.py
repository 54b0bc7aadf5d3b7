"""The composition root of the verbs that compare, pause and take down what lives in a cluster."""

from typing import TYPE_CHECKING

from llmplat.cli import wiring_cluster

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from llmplat.apply.cluster_claim import Held
    from llmplat.apply.down_cluster import DownClusterTools
    from llmplat.cli.run import Run
    from llmplat.cli.wiring import Opened
    from llmplat.domain.cluster import Cluster


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
        patience=Patience(timeout_s),
    )


def hold(opened: "Opened", cluster: "Cluster", verb: str) -> "AbstractContextManager[Held]":
    """The platform for one run of `verb`; BusyError when another run holds it."""
    from llmplat.adapters.claimant import this_run
    from llmplat.apply.cluster_claim import claim

    return claim(cluster, opened.name, verb, this_run())
