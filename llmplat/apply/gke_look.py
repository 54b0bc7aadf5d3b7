"""What every look at a project works on: the needs, the project, and the table of what counts what."""

from dataclasses import dataclass
from functools import cached_property

from llmplat.catalog.cloud import CloudFacts
from llmplat.domain.cloud import Cloud, Named
from llmplat.plan.gke.needs import CloudNeeds, PoolNeed

CONSOLE = "https://console.cloud.google.com"


@dataclass(frozen=True)
class Look:
    """One look at one project."""

    needs: CloudNeeds
    cloud: Cloud
    facts: CloudFacts

    def zones_of(self, pool: PoolNeed) -> tuple[str, ...]:
        """Zones of one pool, as far as they are there."""
        there = self.cloud.zones(self.needs.region)
        return tuple(zone for zone in pool.zones or there if zone in there)

    @cached_property
    def vcpus(self) -> dict[str, int]:
        """VCPUs of each machine type; 0 where no zone has it, which is a finding of its own."""
        found: dict[str, int] = {}
        for pool in self.needs.pools:
            sizes = (self.cloud.vcpus(zone, pool.machine) for zone in self.zones_of(pool))
            found[pool.machine] = next((size for size in sizes if size is not None), 0)
        return found

    @property
    def cluster(self) -> Named:
        """The cluster as it will be called."""
        return Named("cluster", self.needs.platform, self.needs.location)

    @property
    def network(self) -> Named:
        """The network as it will be called."""
        return Named("network", self.needs.platform, "global")

    @cached_property
    def is_running(self) -> bool:
        """Whether the cluster is there and ours: what is in use is then partly our own."""
        return self.cloud.owner(self.cluster) == self.needs.platform
