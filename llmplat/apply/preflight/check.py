"""Every check of a live cluster, one after another; nothing is changed."""

from llmplat.apply.preflight.argocd import check_delivery
from llmplat.apply.preflight.gpus import check_gpus
from llmplat.apply.preflight.ground import check_ground
from llmplat.apply.preflight.look import Look
from llmplat.apply.preflight.names import check_names
from llmplat.apply.preflight.owners import check_owners
from llmplat.apply.preflight.permissions import check_permissions
from llmplat.apply.preflight.versions import check_versions
from llmplat.catalog.entries import Catalog
from llmplat.domain.cluster import Cluster
from llmplat.domain.errors import Finding
from llmplat.domain.inventory import Inventory
from llmplat.plan.plan import Plan
from llmplat.spec.platform import Platform

_CHECKS = (check_versions, check_owners, check_delivery, check_ground, check_gpus, check_names)


def check_cluster(
    cluster: Cluster,
    plan: Plan,
    platform: Platform,
    catalog: Catalog,
    inventory: Inventory | None,
) -> tuple[Finding, ...]:
    """All that is in the way, then what may bite, then what is worth knowing.

    Raises ClusterUnreachableError or ClusterRefusedError when the cluster shows nothing.
    """
    look = Look(cluster, plan, platform, catalog, inventory)
    refused = tuple(check_permissions(look))
    if any(one.what.startswith("You may not read") for one in refused):
        return refused  # the other checks could only say the same again
    return (*refused, *(one for check in _CHECKS for one in check(look)))
