"""The node pools of a platform on GKE -> what they take of the project at their largest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmplat.catalog.cloud import CloudFacts
from llmplat.domain.gke import GkeInputs, GkePool

_DISKS = {"pd-balanced": "SSD_TOTAL_GB", "pd-ssd": "SSD_TOTAL_GB", "pd-standard": "DISKS_TOTAL_GB"}
_ZONES_OF_A_REGION = 3
"""Where the file names none: GKE takes three."""
_KEEP_ADDRESS = "compute.addresses."
"""Permissions that only a data plane outside the cluster needs."""


@dataclass(frozen=True)
class PoolNeed:
    """One node pool at its largest."""

    name: str
    machine: str
    machines: int
    """All zones together."""
    accelerator: str | None
    """The cloud's label of its GPU."""
    gpus: int
    """Of each machine."""
    is_taken_away: bool
    """Spot or flex-start: counted by other quotas."""
    boot_disk_gb: int
    disk_type: str = "pd-balanced"
    zones: tuple[str, ...] = ()
    """() leaves them to the region."""

    @property
    def family(self) -> str:
        """Family of the machine type, such as g2."""
        return self.machine.partition("-")[0]


@dataclass(frozen=True)
class CloudNeeds:
    """What the platform takes of one project."""

    platform: str
    project: str
    region: str
    location: str
    """The region, or the zone of a zonal control plane."""
    zones: tuple[str, ...]
    """Empty: whichever the region has."""
    kubernetes: str
    channel: str
    pools: tuple[PoolNeed, ...]
    repositories: tuple[str, ...]
    """Artifact Registry repositories to be made."""
    public_nodes: bool
    """Every machine has an address of its own."""
    apis: tuple[str, ...]
    permissions: tuple[str, ...]

    @property
    def machines(self) -> tuple[str, ...]:
        """Machine types, each once."""
        return tuple(dict.fromkeys(pool.machine for pool in self.pools))


def cloud_needs(inputs: GkeInputs, facts: CloudFacts) -> CloudNeeds:
    """What the cluster of `inputs` takes of its project."""
    return CloudNeeds(
        platform=inputs.platform,
        project=inputs.project,
        region=inputs.region,
        location=inputs.location,
        zones=inputs.zones,
        kubernetes=inputs.kubernetes,
        channel=inputs.release_channel.upper(),
        pools=tuple(_of(pool, inputs) for pool in inputs.pools),
        repositories=inputs.repositories,
        public_nodes=not inputs.private_nodes,
        apis=facts.apis,
        permissions=tuple(sorted(_permissions(inputs, facts))),
    )


def _permissions(inputs: GkeInputs, facts: CloudFacts) -> Iterator[str]:
    keeps = inputs.network.inference is not None
    named = (name for held in facts.roles.values() for name in held)
    return (name for name in named if keeps or not name.startswith(_KEEP_ADDRESS))


def quota_needs(
    pools: Iterable[PoolNeed], vcpus: dict[str, int], facts: CloudFacts, *, is_taken_counted: bool
) -> dict[str, int]:
    """Figure -> what all pools together take of it at their largest, in the region.

    `vcpus` is what each machine type has. `is_taken_counted`: the project has a quota of its own
    for vCPUs of machines that may be taken away. A family of GPUs is the figure "family:NAME".
    """
    needs: dict[str, int] = {}

    def add(figure: str | None, count: int) -> None:
        if figure is not None and count:
            needs[figure] = needs.get(figure, 0) + count

    for pool in pools:
        add("INSTANCES", pool.machines)
        add(_DISKS.get(pool.disk_type), pool.machines * pool.boot_disk_gb)
        is_taken = pool.is_taken_away and is_taken_counted
        figure = "PREEMPTIBLE_CPUS" if is_taken else facts.cpus.get(pool.family)
        add(figure, pool.machines * vcpus.get(pool.machine, 0))
        add(gpu_figure(pool, facts), pool.machines * pool.gpus)
    return needs


def global_needs(pools: Iterable[PoolNeed], vcpus: dict[str, int]) -> dict[str, int]:
    """Figure -> what is counted over all regions: vCPUs, GPUs, and the one network with its router."""
    listed = tuple(pools)
    needs = {
        "CPUS_ALL_REGIONS": sum(one.machines * vcpus.get(one.machine, 0) for one in listed),
        "GPUS_ALL_REGIONS": sum(one.machines * one.gpus for one in listed),
        "NETWORKS": 1,
        "ROUTERS": 1,
        "SUBNETWORKS": 2,
    }
    return {figure: count for figure, count in needs.items() if count}


def gpu_figure(pool: PoolNeed, facts: CloudFacts) -> str | None:
    """The figure that counts this pool's GPUs; None for no GPU, or for one that none is known of."""
    row = facts.gpus.get(pool.accelerator or "")
    if row is None:
        return None
    own = row.taken if pool.is_taken_away else row.stays
    return own or (f"family:{row.family}" if row.family and not pool.is_taken_away else None)


def _of(pool: GkePool, inputs: GkeInputs) -> PoolNeed:
    zones = pool.zones or inputs.zones
    each = pool.nodes if pool.nodes is not None else pool.max_per_zone
    total = pool.total_max if each is None else each * (len(zones) or _ZONES_OF_A_REGION)
    return PoolNeed(
        name=pool.name,
        machine=pool.machine,
        machines=total or 0,
        accelerator=pool.accelerator,
        gpus=pool.gpus,
        is_taken_away=pool.spot or pool.flex_start,
        boot_disk_gb=pool.disk_gib,
        disk_type=pool.disk_type,
        zones=zones,
    )
