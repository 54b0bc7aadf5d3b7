"""Inputs -> one GKE cluster and all that belongs to it, each concern in a file of its own."""

import pulumi

from infra.gke.apis import Apis
from infra.gke.cluster import Cluster, ClusterArgs
from infra.gke.identity import Identity
from infra.gke.network import Network
from infra.gke.node_pools import NodePools, NodePoolsArgs
from infra.gke.registry import Registry, RegistryArgs
from infra.gke.secret_store import SecretStore
from infra.gke.zone import Zone
from llmplat.domain.gke import GkeInputs


def make_cluster(inputs: GkeInputs) -> None:
    """Declare every resource and export what `up` goes on with."""
    # Each resource names what it waits for: a component does not pass it on to its children.
    behind = Apis(inputs).services
    network = Network(inputs, behind)
    identity = Identity(inputs, behind)
    # Machines take addresses of the same range: the one that is kept goes first.
    cluster = Cluster(inputs, ClusterArgs(network.network, network.nodes), [*behind, *network.kept])
    NodePools(inputs, NodePoolsArgs(cluster.cluster, identity.nodes), behind)
    SecretStore(inputs, cluster.cluster, behind)
    Registry(inputs, RegistryArgs(cluster.cluster, identity.nodes), behind)
    if inputs.dns_zone is not None:
        Zone(inputs, behind)
    pulumi.export("clusterName", cluster.cluster.name)
    pulumi.export("clusterLocation", cluster.cluster.location)
    pulumi.export("clusterEndpoint", cluster.endpoint)
    pulumi.export("nodeServiceAccount", identity.nodes.email)
    pulumi.export("network", network.network.name)
