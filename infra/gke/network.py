"""The platform's own network: one VPC, nodes with pods and Services, proxies, a way out by NAT."""

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from llmplat.domain.gke import GkeInputs

PODS, SERVICES = "pods", "services"
"""Names of the secondary ranges."""


class Network(pulumi.ComponentResource):
    """A VPC of its own; machines without public addresses go out through Cloud NAT."""

    def __init__(self, inputs: GkeInputs, behind: Sequence[pulumi.Resource]) -> None:
        super().__init__("llmplat:gke:Network", f"{inputs.platform}-network")
        below = pulumi.ResourceOptions(parent=self, depends_on=behind)
        self.network = gcp.compute.Network(
            inputs.platform,
            name=inputs.platform,
            project=inputs.project,
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            description=f"llmplat platform {inputs.platform}",
            opts=below,
        )
        self.nodes = self._nodes(inputs, below)
        self._proxies(inputs, below)
        self.kept = self._kept(inputs, below)
        if inputs.private_nodes:
            self._way_out(inputs, below)
        self.register_outputs({})

    def _nodes(self, inputs: GkeInputs, below: pulumi.ResourceOptions) -> gcp.compute.Subnetwork:
        ranges = ((PODS, inputs.network.pods), (SERVICES, inputs.network.services))
        return gcp.compute.Subnetwork(
            f"{inputs.platform}-nodes",
            name=f"{inputs.platform}-nodes",
            project=inputs.project,
            region=inputs.region,
            network=self.network.id,
            ip_cidr_range=inputs.network.nodes,
            private_ip_google_access=True,
            secondary_ip_ranges=[
                gcp.compute.SubnetworkSecondaryIpRangeArgs(range_name=name, ip_cidr_range=cidr)
                for name, cidr in ranges
            ],
            opts=below,
        )

    def _proxies(self, inputs: GkeInputs, below: pulumi.ResourceOptions) -> None:
        """Internal load balancers of the Gateway API send from here; policies allow this range."""
        gcp.compute.Subnetwork(
            f"{inputs.platform}-proxies",
            name=f"{inputs.platform}-proxies",
            project=inputs.project,
            region=inputs.region,
            network=self.network.id,
            ip_cidr_range=inputs.network.proxy_only,
            purpose="REGIONAL_MANAGED_PROXY",
            role="ACTIVE",
            opts=below,
        )

    def _kept(
        self, inputs: GkeInputs, below: pulumi.ResourceOptions
    ) -> tuple[gcp.compute.Address, ...]:
        """The address of Google's load balancer in front of models; () with another data plane."""
        name = inputs.network.inference_name
        if name is None:
            return ()
        address = gcp.compute.Address(
            name,
            name=name,
            project=inputs.project,
            region=inputs.region,
            address=inputs.network.inference,
            address_type="INTERNAL",
            purpose="SHARED_LOADBALANCER_VIP",
            subnetwork=self.nodes.id,
            labels=dict(inputs.labels),
            opts=below,
        )
        return (address,)

    def _way_out(self, inputs: GkeInputs, below: pulumi.ResourceOptions) -> None:
        router = gcp.compute.Router(
            f"{inputs.platform}-router",
            name=f"{inputs.platform}-router",
            project=inputs.project,
            region=inputs.region,
            network=self.network.id,
            opts=below,
        )
        gcp.compute.RouterNat(
            f"{inputs.platform}-nat",
            name=f"{inputs.platform}-nat",
            project=inputs.project,
            region=inputs.region,
            router=router.name,
            nat_ip_allocate_option="AUTO_ONLY",
            source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
            opts=below,
        )
