"""The cluster of the file, with what follows from it, as rules ask for it."""

import re
from typing import Any

from llmplat.plan.cluster.routing import PROXY_ONLY_RANGE
from llmplat.plan.gke.addresses import broken_range, overlap, small_range
from llmplat.plan.gke.pool_facts import strange_zone
from llmplat.spec.gke import Gke
from llmplat.spec.platform import Platform

_ARTIFACT_REGISTRY = re.compile(r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[^/]+)/")


def cluster_facts(platform: Platform, gke: Gke) -> dict[str, Any]:
    """CamelCase keys and derived ones."""
    ranges = address_ranges(gke)
    shared = overlap(ranges)
    bits = gke.network.control_plane.rpartition("/")[2] if gke.network.control_plane else None
    backend = platform.substrate.state_backend
    return {
        "platform": platform.name,
        "region": gke.region,
        "controlPlane": gke.control_plane,
        "zoneCount": len(gke.zones),
        "strangeZone": strange_zone(gke.zones, gke.region),
        "poolCount": len(gke.pools),
        "systemPoolCount": sum(pool.gpu is None and not pool.queued for pool in gke.pools),
        "brokenRange": broken_range({**ranges, **{a.name: a.range for a in gke.authorized}}),
        "smallRange": small_range(ranges),
        "overlap": shared[0] if shared else None,
        "overlapWhy": shared[1] if shared else "",
        "controlPlaneBits": bits,
        "isControlPlaneSize": bits == "28",
        "nameLength": len(platform.name),
        "accountLength": len(platform.name) + len("-nodes"),
        "registryElsewhere": _registry_elsewhere(platform, gke),
        "stateBackend": backend,
        "isStateBucket": bool(backend and backend.startswith("gs://")),
    }


def address_ranges(gke: Gke) -> dict[str, str]:
    """Every range of the network by its name in the file."""
    network = gke.network
    ranges = {"nodes": network.nodes, "pods": network.pods, "services": network.services}
    if network.control_plane is not None:
        ranges["controlPlane"] = network.control_plane
    return {**ranges, "the region's proxies": PROXY_ONLY_RANGE}


def registries(platform: Platform) -> tuple[str, ...]:
    """Where the file keeps models and manifests, without scheme."""
    oci = platform.gitops.oci.repository if platform.gitops and platform.gitops.oci else None
    named = (platform.model_repository, oci)
    return tuple(one.removeprefix("oci://") for one in named if one is not None)


def _registry_elsewhere(platform: Platform, gke: Gke) -> str | None:
    for place in registries(platform):
        match = _ARTIFACT_REGISTRY.match(place)
        if match is None or match["location"] != gke.region:
            return place
    return None
