"""A GKE cluster made and owned by llmplat: where, its network, its pools, its upkeep."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.spec.node_pool import Pool
from llmplat.spec.scalars import DnsName, Matches, Minor, Word
from llmplat.spec.shape import Shape

GpuStack = Literal["gke-managed", "operator", "none"]

Cidr = Annotated[
    str,
    Matches(
        r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$", "an address range such as 10.128.0.0/20", 18
    ),
]
"""A range of IPv4 addresses."""

ProjectId = Annotated[
    str,
    Matches(
        r"^([a-z][-a-z0-9.]*:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$",
        "a project id: 6 to 30 lower-case letters, digits and dashes, such as my-project",
        63,
    ),
]
"""A Google Cloud project by its id, not by its number or title."""


class Network(Shape):
    """Address ranges of the cluster's own network; none of them may overlap."""

    nodes: Annotated[Cidr, Field(description="Addresses of the machines.")] = "10.128.0.0/20"
    pods: Annotated[Cidr, Field(description="Addresses of the pods.")] = "10.132.0.0/14"
    services: Annotated[Cidr, Field(description="Addresses of the Services.")] = "10.129.0.0/20"
    control_plane: Annotated[
        Cidr | None,
        Field(
            description="A /28 for a private endpoint of the control plane; none: GKE takes an "
            "address of the nodes."
        ),
    ] = None


class Authorized(Shape):
    """Addresses that may reach the control plane's IP endpoint."""

    name: Annotated[Word, Field(description="What they are.")]
    range: Annotated[Cidr, Field(description="The addresses.")]


class Maintenance(Shape):
    """When GKE may touch the cluster."""

    start: Annotated[
        str,
        Matches(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", "a time of day in UTC such as 02:00", 5),
        Field(description="Start of the window, UTC."),
    ] = "02:00"
    hours: Annotated[int, Field(ge=4, le=24, description="Length of the window in hours.")] = 6
    days: Annotated[
        tuple[Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"], ...],
        Field(min_length=1, description="Days of the week."),
    ] = ("SA", "SU")


class Gke(Shape):
    """A GKE cluster made and owned by llmplat."""

    project: Annotated[ProjectId, Field(description="Google Cloud project id.")]
    region: Annotated[Word, Field(description="Region, for example europe-west4.")]
    kubernetes: Annotated[Minor, Field(description="Minor version of its Kubernetes.")] = "1.34"
    control_plane: Annotated[
        Literal["regional", "zonal"],
        Field(description="Control plane in three zones, or in the first of `zones` only."),
    ] = "regional"
    zones: Annotated[
        tuple[Word, ...], Field(description="Zones for the node pools; empty: those of the region.")
    ] = ()
    pools: Annotated[tuple[Pool, ...], Field(description="Node pools.")] = ()
    gpu_stack: Annotated[
        GpuStack,
        Field(description="Who installs GPU drivers: GKE, NVIDIA's operator, or nobody."),
    ] = "gke-managed"
    network: Annotated[Network, Field(description="Address ranges.")] = Network()
    private_nodes: Annotated[
        bool, Field(description="Machines have no public address; they go out through NAT.")
    ] = True
    authorized: Annotated[
        tuple[Authorized, ...],
        Field(
            description="Who may reach the control plane by its IP address; nobody: it answers at "
            "its DNS name only, to those whom IAM lets."
        ),
    ] = ()
    release_channel: Annotated[
        Literal["rapid", "regular", "stable"], Field(description="GKE's release channel.")
    ] = "regular"
    maintenance: Annotated[Maintenance, Field(description="When GKE may touch the cluster.")] = (
        Maintenance()
    )
    image_streaming: Annotated[
        bool, Field(description="Containers start while their image is still being read.")
    ] = True
    deletion_protection: Annotated[
        bool, Field(description="`down` must lift this first, and says so.")
    ] = True
    dns_zone: Annotated[
        DnsName | None, Field(description="DNS zone to make in Cloud DNS; none: no zone is made.")
    ] = None

    @property
    def location(self) -> str:
        """Where the control plane is: the region, or the first zone."""
        is_zonal = self.control_plane == "zonal" and bool(self.zones)
        return self.zones[0] if is_zonal else self.region

    def zones_of(self, pool: Pool) -> tuple[str, ...]:
        """The zones of `pool` that the file names; () leaves them to the region."""
        named = pool.zones or self.zones
        return named[:1] if self.control_plane == "zonal" and not pool.zones else named

    def most(self, pool: Pool) -> int:
        """Machines of `pool` at most, all its zones together; a region counts as three zones."""
        zones = len(self.zones_of(pool)) or 3
        if pool.nodes is not None:
            return pool.nodes * zones
        return pool.max if pool.max_per_zone is None else pool.max_per_zone * zones

    def least(self, pool: Pool) -> int:
        """Machines of `pool` at least, all its zones together."""
        zones = len(self.zones_of(pool)) or 3
        if pool.nodes is not None:
            return pool.nodes * zones
        return pool.min if pool.max_per_zone is None else (pool.min_per_zone or 0) * zones
