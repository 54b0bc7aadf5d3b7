"""What the program infra/gke is told: one platform's cluster, fully decided; no secrets in it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class GkeNetwork:
    """Address ranges in CIDR form."""

    nodes: str
    pods: str
    services: str
    proxy_only: str
    """Where the region's proxies of internal load balancers stand."""
    control_plane: str | None
    """A /28 for a private endpoint, None where GKE takes an address of the nodes."""
    inference: str | None = None
    """Address among the nodes', kept for Google's load balancer in front of models."""
    inference_name: str | None = None
    """The name by which the Gateway asks for it."""


@dataclass(frozen=True)
class GkePool:
    """One node pool; limits are either totals or per zone, or the number is fixed."""

    name: str
    machine: str
    accelerator: str | None
    """Google's label of the GPU."""
    gpus: int
    """Of each machine."""
    total_min: int | None
    total_max: int | None
    min_per_zone: int | None
    max_per_zone: int | None
    nodes: int | None
    """Machines of each zone, fixed."""
    initial: int | None
    zones: tuple[str, ...]
    spot: bool
    flex_start: bool
    queued: bool
    reservation: str | None
    max_run_s: int | None
    placement: str | None
    sharing_strategy: str | None
    """TIME_SHARING or MPS."""
    sharing_clients: int
    driver: str | None
    """DEFAULT, LATEST or INSTALLATION_DISABLED; None without GPUs."""
    disk_gib: int
    disk_type: str
    ssd_ephemeral: int
    ssd_nvme: int
    max_pods: int | None
    labels: Mapping[str, str]
    """Of the Kubernetes nodes."""
    taints: tuple[tuple[str, str, str], ...]
    """(key, value, effect)."""
    auto_repair: bool
    upgrade_strategy: str
    """SURGE or BLUE_GREEN."""
    max_surge: int
    max_unavailable: int


@dataclass(frozen=True)
class GkeInputs:
    """One cluster with everything that belongs to it."""

    platform: str
    project: str
    region: str
    location: str
    """The region, or the zone of a zonal control plane."""
    zones: tuple[str, ...]
    """() leaves the choice to GKE."""
    kubernetes: str
    release_channel: str
    network: GkeNetwork
    private_nodes: bool
    authorized: tuple[tuple[str, str], ...]
    """(name, range) of who may reach the control plane's IP endpoint."""
    maintenance_start: str
    """HH:MM in UTC."""
    maintenance_hours: int
    maintenance_days: tuple[str, ...]
    image_streaming: bool
    deletion_protection: bool
    dns_zone: str | None
    pools: tuple[GkePool, ...]
    repositories: tuple[str, ...]
    """Artifact Registry repositories to make in the cluster's region."""
    secrets: tuple[str, ...]
    """Names of secrets to make room for; values never pass here."""
    secret_reader: tuple[str, str]
    """(namespace, Kubernetes service account) that reads those secrets."""
    registry_reader: tuple[str, str]
    """(namespace, Kubernetes service account) that Argo CD reads those repositories as."""
    labels: Mapping[str, str]
    """On everything that can carry labels: how llmplat knows what it owns."""


def read_inputs(document: Mapping[str, Any]) -> GkeInputs:
    """The inputs of a JSON document with camelCase keys; KeyError names a key that is missing."""
    values = _values(GkeInputs, document)
    values["network"] = GkeNetwork(**_values(GkeNetwork, document["network"]))
    values["pools"] = tuple(GkePool(**_values(GkePool, pool)) for pool in document["pools"])
    return GkeInputs(**values)


def _values(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: _frozen(document[_camel(field.name)]) for field in fields(kind)}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _frozen(value: object) -> object:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
