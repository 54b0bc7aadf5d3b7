"""The gke block of the file with every default decided -> what the program infra/gke is told."""

import re
from typing import Any

from llmplat.catalog.entries import Catalog
from llmplat.domain.gke import GkeInputs, GkeNetwork, GkePool
from llmplat.domain.units import GIB
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.cluster import ClusterPlan
from llmplat.plan.cluster.gitops import REGISTRY_READER
from llmplat.plan.cluster.routing import PROXY_ONLY_RANGE
from llmplat.plan.gke.cluster_facts import registries
from llmplat.plan.gke.pool_facts import known_gpu
from llmplat.spec.gke import Gke
from llmplat.spec.node_pool import Pool
from llmplat.spec.platform import Platform

LABELS = {"managed-by": "llmplat"}
PLATFORM_LABEL = "llmplat-platform"
SECRET_READER = ("external-secrets", "external-secrets")
"""Namespace and service account of External Secrets, who reads for everybody."""

_GPU_DISK_GIB, _CPU_DISK_GIB = 200, 100
"""An engine's image is 8 to 10 GiB and a model's up to 140; without GPUs only small images."""
_LONGEST_RUN_S = 7 * 24 * 3600
_DRIVERS = {"default": "DEFAULT", "latest": "LATEST"}
_STRATEGIES = {"time-slicing": "TIME_SHARING", "mps": "MPS"}
_OPERATOR_LABEL = {"gke-no-default-nvidia-gpu-device-plugin": "true"}


def make_inputs(
    platform: Platform, gke: Gke, cluster: ClusterPlan | None, catalog: Catalog
) -> GkeInputs:
    """Everything the program needs; secrets by name only."""
    return GkeInputs(
        platform=platform.name,
        project=gke.project,
        region=gke.region,
        location=gke.location,
        zones=gke.zones,
        kubernetes=gke.kubernetes,
        release_channel=gke.release_channel,
        network=_network(gke, cluster),
        private_nodes=gke.private_nodes,
        authorized=tuple((one.name, one.range) for one in gke.authorized),
        maintenance_start=gke.maintenance.start,
        maintenance_hours=gke.maintenance.hours,
        maintenance_days=gke.maintenance.days,
        image_streaming=gke.image_streaming,
        deletion_protection=gke.deletion_protection,
        dns_zone=gke.dns_zone,
        pools=tuple(_pool(gke, pool, catalog) for pool in gke.pools),
        repositories=_repositories(platform, gke),
        secrets=_secrets(cluster),
        secret_reader=SECRET_READER,
        registry_reader=(ARGO_CD, REGISTRY_READER),
        labels={**LABELS, PLATFORM_LABEL: platform.name},
    )


def _network(gke: Gke, cluster: ClusterPlan | None) -> GkeNetwork:
    network = gke.network
    routing = cluster.workloads.routing if cluster is not None else None
    kept = routing.kept if routing is not None else None
    return GkeNetwork(
        nodes=network.nodes,
        pods=network.pods,
        services=network.services,
        proxy_only=PROXY_ONLY_RANGE,
        control_plane=network.control_plane,
        inference=kept.address if kept is not None else None,
        inference_name=kept.name if kept is not None else None,
    )


def _repositories(platform: Platform, gke: Gke) -> tuple[str, ...]:
    """Those of this project and region that the file names; others are somebody else's."""
    ours = re.compile(rf"{gke.region}-docker\.pkg\.dev/{re.escape(gke.project)}/([^/]+)")
    found = (ours.match(place) for place in registries(platform))
    return tuple(sorted({match[1] for match in found if match is not None}))


def _secrets(cluster: ClusterPlan | None) -> tuple[str, ...]:
    if cluster is None or cluster.workloads.secrets.store.backend != "gcp-secret-manager":
        return ()
    return tuple(sorted({secret.remote for secret in cluster.workloads.secrets.secrets}))


def _pool(gke: Gke, pool: Pool, catalog: Catalog) -> GkePool:
    gpu = known_gpu(pool.gpu, catalog)
    is_own_driver = gpu is not None and gke.gpu_stack == "operator"
    return GkePool(
        name=pool.name,
        machine=pool.machine,
        accelerator=accelerator_of(pool, catalog),
        gpus=pool.count if gpu else 0,
        zones=pool.zones,
        labels={**pool.labels, **(_OPERATOR_LABEL if is_own_driver else {})},
        taints=tuple((taint.key, taint.value, taint.effect) for taint in pool.taints),
        driver=_driver(gke, pool) if gpu else None,
        **_limits(pool),
        **_capacity(pool),
        **_disks(pool),
        **_upkeep(pool),
    )


def accelerator_of(pool: Pool, catalog: Catalog) -> str | None:
    """Google's label of the pool's GPU."""
    gpu = known_gpu(pool.gpu, catalog)
    if gpu is None:
        return None
    return next(
        (alias for alias in gpu.aliases if alias.startswith("nvidia-")), f"nvidia-{gpu.name}"
    )


def _driver(gke: Gke, pool: Pool) -> str:
    return _DRIVERS[pool.driver] if gke.gpu_stack == "gke-managed" else "INSTALLATION_DISABLED"


def _limits(pool: Pool) -> dict[str, Any]:
    is_total = pool.nodes is None and pool.max_per_zone is None
    return {
        "total_min": pool.min if is_total else None,
        "total_max": pool.max if is_total else None,
        "min_per_zone": pool.min_per_zone,
        "max_per_zone": pool.max_per_zone,
        "nodes": pool.nodes,
        "initial": pool.initial,
        "max_pods": pool.max_pods,
    }


def _capacity(pool: Pool) -> dict[str, Any]:
    run_s = round(pool.max_run_duration or _LONGEST_RUN_S)
    return {
        "spot": pool.spot,
        "flex_start": pool.flex_start,
        "queued": pool.queued,
        "reservation": pool.reservation,
        "max_run_s": run_s if pool.flex_start else None,
        "placement": pool.placement,
        "sharing_strategy": _STRATEGIES.get(pool.sharing.mode) if pool.sharing else None,
        "sharing_clients": pool.sharing.clients if pool.sharing else 1,
    }


def _disks(pool: Pool) -> dict[str, Any]:
    usual = _GPU_DISK_GIB if pool.gpu else _CPU_DISK_GIB
    return {
        "disk_gib": -(-pool.disk // GIB) if pool.disk else usual,
        "disk_type": pool.disk_type,
        "ssd_ephemeral": pool.local_ssd.ephemeral if pool.local_ssd else 0,
        "ssd_nvme": pool.local_ssd.nvme if pool.local_ssd else 0,
    }


def _upkeep(pool: Pool) -> dict[str, Any]:
    upgrade = pool.upgrade
    return {
        "auto_repair": not pool.flex_start if pool.auto_repair is None else pool.auto_repair,
        "upgrade_strategy": (upgrade.strategy if upgrade else "surge").upper().replace("-", "_"),
        "max_surge": upgrade.max_surge if upgrade else 1,
        "max_unavailable": upgrade.max_unavailable if upgrade else 0,
    }
