"""One pool -> its machines: type, disks, GPUs with driver and sharing, whom they act as."""

from typing import Any

import pulumi

from llmplat.domain.gke import GkeInputs, GkePool

SCOPES = tuple(
    f"https://www.googleapis.com/auth/{scope}"
    for scope in (
        "devstorage.read_only",
        "logging.write",
        "monitoring",
        "service.management.readonly",
        "servicecontrol",
        "trace.append",
    )
)
"""What GKE itself needs of a machine; never cloud-platform."""


def node_config(inputs: GkeInputs, pool: GkePool, account: pulumi.Input[str]) -> dict[str, Any]:
    """The machines of `pool`, which act as `account`."""
    config: dict[str, Any] = {
        "machine_type": pool.machine,
        "image_type": "COS_CONTAINERD",
        "disk_size_gb": pool.disk_gib,
        "disk_type": pool.disk_type,
        "service_account": account,
        "oauth_scopes": list(SCOPES),
        "spot": pool.spot,
        "labels": dict(pool.labels),
        "resource_labels": dict(inputs.labels),
        "workload_metadata_config": {"mode": "GKE_METADATA"},
        "shielded_instance_config": {
            "enable_secure_boot": pool.driver != "INSTALLATION_DISABLED",
            "enable_integrity_monitoring": True,
        },
        "gcfs_config": {"enabled": inputs.image_streaming},
        "gvnic": {"enabled": True},
        **_capacity(pool),
        **_disks(pool),
    }
    if pool.accelerator is not None:
        config["guest_accelerators"] = [_gpu(pool)]
    if pool.taints:
        taints = ((key, value, _EFFECTS[effect]) for key, value, effect in pool.taints)
        config["taints"] = [{"key": k, "value": v, "effect": e} for k, v, e in taints]
    return config


_EFFECTS = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}


def _gpu(pool: GkePool) -> dict[str, Any]:
    gpu: dict[str, Any] = {
        "type": pool.accelerator,
        "count": pool.gpus,
        "gpu_driver_installation_config": {"gpu_driver_version": pool.driver},
    }
    if pool.sharing_strategy is not None:
        gpu["gpu_sharing_config"] = {
            "gpu_sharing_strategy": pool.sharing_strategy,
            "max_shared_clients_per_gpu": pool.sharing_clients,
        }
    return gpu


def _capacity(pool: GkePool) -> dict[str, Any]:
    """How machines are had: flex-start and queued ones never from a reservation."""
    given: dict[str, Any] = {}
    if pool.flex_start:
        given["flex_start"] = True
        given["max_run_duration"] = f"{pool.max_run_s}s"
    if pool.reservation is not None:
        given["reservation_affinity"] = {
            "consume_reservation_type": "SPECIFIC_RESERVATION",
            "key": "compute.googleapis.com/reservation-name",
            "values": [pool.reservation],
        }
    elif pool.flex_start or pool.queued or pool.spot:
        given["reservation_affinity"] = {"consume_reservation_type": "NO_RESERVATION"}
    return given


def _disks(pool: GkePool) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if pool.ssd_ephemeral:
        given["ephemeral_storage_local_ssd_config"] = {"local_ssd_count": pool.ssd_ephemeral}
    if pool.ssd_nvme:
        given["local_nvme_ssd_block_config"] = {"local_ssd_count": pool.ssd_nvme}
    return given
