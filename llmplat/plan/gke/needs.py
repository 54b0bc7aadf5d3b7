"""The node pools of a platform on GKE -> what they take of the project at their largest."""

from collections.abc import Iterable
from dataclasses import dataclass

from llmplat.catalog.cloud import CloudFacts, load_cloud
from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import PlanError
from llmplat.spec.platform import Platform
from llmplat.spec.gke import Gke
from llmplat.spec.node_pool import Pool

CHANNEL = "REGULAR"
"""Release channel of the cluster."""
BOOT_DISK_GB = 100
GPU_BOOT_DISK_GB = 200
"""Room for engine images beside the system (10 GB and more each); the reference platform's 100 GB
proved too small (its guide asks for at least 200)."""
SYSTEM_POOL = Pool.model_construct(name="system", machine="e2-standard-4", min=1, max=3)
"""Where the file names no pool without GPUs."""


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
    zones: tuple[str, ...]
    """Empty: whichever the region has."""
    kubernetes: str
    channel: str
    pools: tuple[PoolNeed, ...]
    apis: tuple[str, ...]
    permissions: tuple[str, ...]

    @property
    def machines(self) -> tuple[str, ...]:
        """Machine types, each once."""
        return tuple(dict.fromkeys(pool.machine for pool in self.pools))

    @property
    def boot_disk_gb(self) -> int:
        """All machines at once."""
        return sum(pool.machines * pool.boot_disk_gb for pool in self.pools)


def cloud_needs(platform: Platform, catalog: Catalog) -> CloudNeeds:
    """What `platform` takes of its project; PlanError for one that is not on GKE."""
    gke = platform.substrate.gke
    if gke is None:
        raise PlanError(
            "This platform takes nothing of a cloud project.",
            why="its substrate is not gke.",
            fix=("llmplat plan",),
        )
    facts = load_cloud()
    return CloudNeeds(
        platform=platform.name,
        project=gke.project,
        region=gke.region,
        zones=gke.zones,
        kubernetes=gke.kubernetes,
        channel=CHANNEL,
        pools=tuple(_of(pool, catalog) for pool in _pools(gke)),
        apis=facts.apis,
        permissions=tuple(sorted(name for held in facts.roles.values() for name in held)),
    )


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
        add("SSD_TOTAL_GB", pool.machines * pool.boot_disk_gb)
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


def _pools(gke: Gke) -> tuple[Pool, ...]:
    """Those of the file, and one for what needs no GPU where the file has none."""
    if any(not pool.gpu for pool in gke.pools):
        return gke.pools
    return (SYSTEM_POOL, *gke.pools)


def _of(pool: Pool, catalog: Catalog) -> PoolNeed:
    return PoolNeed(
        name=pool.name,
        machine=pool.machine,
        machines=pool.max,
        accelerator=_accelerator(pool, catalog),
        gpus=max(1, pool.count) if pool.gpu else 0,
        is_taken_away=pool.spot or pool.flex_start,
        boot_disk_gb=GPU_BOOT_DISK_GB if pool.gpu else BOOT_DISK_GB,
    )


def _accelerator(pool: Pool, catalog: Catalog) -> str | None:
    if pool.gpu is None:
        return None
    for gpu in catalog.gpus.values():
        if pool.gpu == gpu.name or pool.gpu in gpu.aliases:
            labels = [alias for alias in gpu.aliases if alias.startswith("nvidia-")]
            return labels[0] if labels else f"nvidia-{gpu.name}"
    raise PlanError(
        f"The pool {pool.name} names the GPU {pool.gpu}, which is not in the catalogue.",
        why=f"known are {', '.join(catalog.gpus)}.",
        fix=("llmplat list gpus",),
    )
