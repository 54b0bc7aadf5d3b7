"""A plan and a cluster -> what `up` would do; nothing is changed."""

from llmplat.apply.cluster_changes import Changes, hashes_of, live_hashes
from llmplat.apply.cluster_inventory import read_inventory, refuse_other
from llmplat.apply.cluster_reports import ClusterUpPreview
from llmplat.apply.cluster_tools import ClusterTools, ClusterWish
from llmplat.apply.cluster_wait import applications_of
from llmplat.plan.plan import Plan
from llmplat.render.tree import make_tree


def preview_cluster_up(plan: Plan, wish: ClusterWish, tools: ClusterTools) -> ClusterUpPreview:
    """What `up` would do on the cluster; PreconditionError where another platform holds it."""
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    tree = make_tree(plan, tools.catalog)
    inventory = read_inventory(tools.cluster)
    refuse_other(inventory, plan.platform, wish.project)
    there = live_hashes(applications_of(tools.cluster, plan.platform))
    changes = Changes(hashes_of(tree, tools.load_yaml), there)
    return ClusterUpPreview(
        platform=plan.platform,
        profile=plan.profile,
        identity=tools.cluster.identity(),
        missing=(*tools.preflight(plan, inventory), *tools.missing_secrets(plan)),
        add=changes.add,
        change=changes.change,
        remove=changes.remove,
        keep=changes.keep,
        delivery=plan.cluster.gitops.url,
    )
