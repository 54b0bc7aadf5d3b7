"""The GKE cluster: its control plane, who reaches it, what it reports; pools are elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.gke.network import PODS, SERVICES
from infra.gke.upkeep import maintenance
from llmplat.domain.gke import GkeInputs

_WORKLOADS = ("STORAGE", "POD", "DEPLOYMENT", "STATEFULSET", "DAEMONSET", "HPA")


@dataclass(frozen=True)
class ClusterArgs:
    """Where the cluster stands."""

    network: gcp.compute.Network
    nodes: gcp.compute.Subnetwork


class Cluster(pulumi.ComponentResource):
    """A VPC-native cluster with Dataplane V2 and Workload Identity, reached by its DNS name."""

    def __init__(
        self, inputs: GkeInputs, args: ClusterArgs, behind: Sequence[pulumi.Resource]
    ) -> None:
        super().__init__("llmplat:gke:Cluster", f"{inputs.platform}-cluster")
        self.cluster = gcp.container.Cluster(
            inputs.platform,
            name=inputs.platform,
            project=inputs.project,
            location=inputs.location,
            network=args.network.id,
            subnetwork=args.nodes.id,
            resource_labels=dict(inputs.labels),
            deletion_protection=inputs.deletion_protection,
            remove_default_node_pool=True,
            initial_node_count=1,
            min_master_version=inputs.kubernetes,
            release_channel={"channel": inputs.release_channel.upper()},
            maintenance_policy=maintenance(inputs),
            **_networking(inputs),
            **_access(inputs),
            **_observability(inputs),
            **_hardening(inputs),
            # The default pool lives for minutes; naming it later would replace the whole cluster.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=behind,
                ignore_changes=["nodeConfig", "initialNodeCount"],
            ),
        )
        self.endpoint = self.cluster.control_plane_endpoints_config.dns_endpoint_config.endpoint
        self.register_outputs({})


def _networking(inputs: GkeInputs) -> dict[str, Any]:
    return {
        "networking_mode": "VPC_NATIVE",
        "ip_allocation_policy": {
            "cluster_secondary_range_name": PODS,
            "services_secondary_range_name": SERVICES,
        },
        "datapath_provider": "ADVANCED_DATAPATH",
        "gateway_api_config": {"channel": "CHANNEL_STANDARD"},
        "addons_config": {
            "http_load_balancing": {"disabled": False},
            "gce_persistent_disk_csi_driver_config": {"enabled": True},
        },
        **({"node_locations": list(inputs.zones)} if _is_spread(inputs) else {}),
    }


def _is_spread(inputs: GkeInputs) -> bool:
    """Whether nodes stand in zones that the file names; a zonal cluster's own zone is implied."""
    return bool(inputs.zones) and inputs.location == inputs.region


def _access(inputs: GkeInputs) -> dict[str, Any]:
    private: dict[str, Any] = {"enable_private_nodes": inputs.private_nodes}
    if inputs.network.control_plane is not None:
        private["master_ipv4_cidr_block"] = inputs.network.control_plane
    access: dict[str, Any] = {
        "private_cluster_config": private,
        "control_plane_endpoints_config": {
            "dns_endpoint_config": {"allow_external_traffic": True},
            "ip_endpoints_config": {"enabled": bool(inputs.authorized)},
        },
    }
    if inputs.authorized:
        blocks = [{"display_name": name, "cidr_block": cidr} for name, cidr in inputs.authorized]
        access["master_authorized_networks_config"] = {"cidr_blocks": blocks}
    return access


def _observability(inputs: GkeInputs) -> dict[str, Any]:
    gpus = ("DCGM",) if any(pool.driver in {"DEFAULT", "LATEST"} for pool in inputs.pools) else ()
    return {
        "monitoring_config": {
            "enable_components": ["SYSTEM_COMPONENTS", *_WORKLOADS, *gpus],
            "managed_prometheus": {"enabled": True},
        },
        "logging_config": {"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS"]},
        "cost_management_config": {"enabled": True},
    }


def _hardening(inputs: GkeInputs) -> dict[str, Any]:
    return {
        "enable_shielded_nodes": True,
        "enable_legacy_abac": False,
        "master_auth": {"client_certificate_config": {"issue_client_certificate": False}},
        "workload_identity_config": {"workload_pool": f"{inputs.project}.svc.id.goog"},
        "security_posture_config": {"mode": "BASIC", "vulnerability_mode": "VULNERABILITY_DISABLED"},
        "node_pool_defaults": {
            "node_config_defaults": {
                "gcfs_config": {"enabled": inputs.image_streaming},
                "insecure_kubelet_readonly_port_enabled": "FALSE",
            }
        },
    }
