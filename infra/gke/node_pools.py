"""Node pools: how many machines of which kind, how they come, what runs on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.gke.node_config import node_config
from llmplat.domain.gke import GkeInputs, GkePool


@dataclass(frozen=True)
class NodePoolsArgs:
    """What pools belong to."""

    cluster: gcp.container.Cluster
    account: gcp.serviceaccount.Account
    """Whom the machines act as."""


class NodePools(pulumi.ComponentResource):
    """Every pool of the platform file; GKE's default pool is gone."""

    def __init__(
        self, inputs: GkeInputs, args: NodePoolsArgs, behind: Sequence[pulumi.Resource]
    ) -> None:
        super().__init__("llmplat:gke:NodePools", f"{inputs.platform}-pools")
        for pool in inputs.pools:
            gcp.container.NodePool(
                f"{inputs.platform}-{pool.name}",
                name=pool.name,
                project=inputs.project,
                location=inputs.location,
                cluster=args.cluster.name,
                node_config=node_config(inputs, pool, args.account.email),
                management={"auto_repair": pool.auto_repair, "auto_upgrade": True},
                upgrade_settings=_upgrade(pool),
                network_config={"enable_private_nodes": inputs.private_nodes},
                **_size(pool),
                **_optional(pool),
                # GKE counts on by itself; the count at the start would replace the pool when edited.
                opts=pulumi.ResourceOptions(parent=self, depends_on=behind, ignore_changes=["initialNodeCount"]),
            )
        self.register_outputs({})


def _size(pool: GkePool) -> dict[str, Any]:
    """A fixed number, limits per zone, or limits of all zones together."""
    first = {} if pool.initial is None else {"initial_node_count": pool.initial}
    if pool.nodes is not None:
        return {"node_count": pool.nodes}
    if pool.max_per_zone is not None:
        low, high = pool.min_per_zone or 0, pool.max_per_zone
        return {"autoscaling": {"min_node_count": low, "max_node_count": high}, **first}
    limits = {"total_min_node_count": pool.total_min, "total_max_node_count": pool.total_max}
    return {"autoscaling": {**limits, "location_policy": "ANY"}, **first}


def _upgrade(pool: GkePool) -> dict[str, Any]:
    if pool.upgrade_strategy == "BLUE_GREEN":
        policy = {"batch_percentage": 1.0, "batch_soak_duration": "60s"}
        settings = {"standard_rollout_policy": policy, "node_pool_soak_duration": "300s"}
        return {"strategy": "BLUE_GREEN", "blue_green_settings": settings}
    limits = {"max_surge": pool.max_surge, "max_unavailable": pool.max_unavailable}
    return {"strategy": "SURGE", **limits}


def _optional(pool: GkePool) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if pool.zones:
        given["node_locations"] = list(pool.zones)
    if pool.max_pods is not None:
        given["max_pods_per_node"] = pool.max_pods
    if pool.queued:
        given["queued_provisioning"] = {"enabled": True}
    if pool.placement is not None:
        given["placement_policy"] = {"type": pool.placement.upper()}
    return given
