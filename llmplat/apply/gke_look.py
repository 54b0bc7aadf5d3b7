"""What every look at a project works on: the needs, the project, and the table of what counts what."""

from dataclasses import dataclass
from functools import cached_property

from llmplat.catalog.cloud import CloudFacts
from llmplat.domain.cloud import Cloud, Named
from llmplat.plan.gke.needs import CloudNeeds

CONSOLE = "https://console.cloud.google.com"


@dataclass(frozen=True)
class Look:
    """One look at one project."""

    needs: CloudNeeds
    cloud: Cloud
    facts: CloudFacts

    @cached_property
    def zones(self) -> tuple[str, ...]:
        """Zones the pools will be in, as far as they are there."""
        there = self.cloud.zones(self.needs.region)
        return tuple(zone for zone in self.needs.zones or there if zone in there)

    @cached_property
    def vcpus(self) -> dict[str, int]:
        """VCPUs of each machine type; 0 where no zone has it, which is a finding of its own."""
        found = {}
        for machine in self.needs.machines:
            sizes = (self.cloud.vcpus(zone, machine) for zone in self.zones)
            found[machine] = next((size for size in sizes if size is not None), 0)
        return found

    @property
    def cluster(self) -> Named:
        """The cluster as it will be called."""
        return Named("cluster", self.needs.platform, self.needs.region)

    @property
    def network(self) -> Named:
        """The network as it will be called."""
        return Named("network", self.needs.platform, "global")

    @cached_property
    def is_running(self) -> bool:
        """Whether the cluster is there and ours: what is in use is then partly our own."""
        return self.cloud.owner(self.cluster) == self.needs.platform
