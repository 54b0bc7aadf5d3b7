"""Where the platform runs: this machine, a cluster you have, or a GKE cluster to be made."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.spec.gke import Gke
from llmplat.spec.node_pool import Sharing
from llmplat.spec.scalars import Minor, Usd, Word
from llmplat.spec.shape import Shape


class Local(Shape):
    """This machine: real engine, gateway and counters as processes on 127.0.0.1."""

    port: Annotated[
        int,
        Field(
            ge=1024,
            le=65_000,
            description="TCP port of the gateway on 127.0.0.1; engines take the ports behind it.",
        ),
    ] = 4000
    usd_per_hour: Annotated[
        Usd | None,
        Field(
            description="What this machine costs an hour in USD, for computed prices; without it "
            "the default of the catalogue."
        ),
    ] = None


class Abilities(Shape):
    """What the cluster can do, where it differs from what such a substrate usually can."""

    network_policy: Annotated[
        bool | None, Field(description="The network plug-in enforces NetworkPolicies.")
    ] = None
    image_volumes: Annotated[
        bool | None, Field(description="Nodes can mount an image as a volume.")
    ] = None
    load_balancer: Annotated[
        bool | None, Field(description="A Service can ask for an internal load balancer.")
    ] = None


class ClusterGpus(Shape):
    """GPUs of one kind that the cluster has."""

    name: Annotated[Word, Field(description="GPU by its catalogue name.")]
    count: Annotated[int, Field(ge=1, le=100_000, description="All of them together.")]
    per_node: Annotated[int, Field(ge=1, le=16, description="GPUs of each node.")] = 1
    labels: Annotated[
        dict[Word, Word], Field(description="Labels of the nodes that have them.")
    ] = Field(default_factory=dict)
    sharing: Annotated[
        Sharing | None,
        Field(
            description="Share each GPU between several engines; count stays that of the GPUs "
            "themselves."
        ),
    ] = None
    usd_per_hour: Annotated[
        Usd | None,
        Field(
            description="What one of them costs an hour in USD, its part of the machine included; "
            "without it the least that a cloud asks for one, as far as the catalogue knows."
        ),
    ] = None


class Cluster(Shape):
    """A Kubernetes cluster that is already there."""

    context: Annotated[Word, Field(description="Context of the kubeconfig to use.")]
    kubernetes: Annotated[Minor, Field(description="Minor version of its Kubernetes.")] = "1.34"
    gpus: Annotated[
        tuple[ClusterGpus, ...], Field(description="The GPUs its nodes have, kind by kind.")
    ] = ()
    abilities: Annotated[
        Abilities,
        Field(description="What it can or cannot do; without a key what a cluster usually can."),
    ] = Abilities.model_construct(network_policy=None, image_volumes=None, load_balancer=None)
    gpu_stack: Annotated[
        Literal["operator", "none"] | None,
        Field(
            description="Who installs GPU drivers: NVIDIA's operator, or nobody (already there)."
        ),
    ] = None
    gpu_allocation: Annotated[
        Literal["device-plugin", "dra"],
        Field(
            description="How pods get GPUs: by number from the device plugin, or by claims for a "
            "device with enough memory (dra, Dynamic Resource Allocation; NVIDIA's DRA driver "
            "is installed)."
        ),
    ] = "device-plugin"


class Substrate(Shape):
    """Exactly one of local, cluster and gke, and what the substrate keeps things in."""

    local: Annotated[Local | None, Field(description="This machine.")] = None
    cluster: Annotated[
        Cluster | None, Field(description="A Kubernetes cluster that is already there.")
    ] = None
    gke: Annotated[Gke | None, Field(description="A GKE cluster made and owned by llmplat.")] = None
    state_backend: Annotated[
        Word | None,
        Field(description="Where the substrate's state is kept, for example gs://bucket/folder."),
    ] = None
    storage_class: Annotated[
        Word | None, Field(description="Storage class for volumes; none: the cluster's default.")
    ] = None
    secret_backend: Annotated[
        Literal["file", "kubernetes", "gcp-secret-manager", "vault"] | None,
        Field(
            description="Where secrets are kept; the local substrate keeps them in files that "
            "only you can read."
        ),
    ] = None

    @property
    def kind(self) -> str:
        """Which of local, cluster and gke is set; "" when none is."""
        chosen = (("local", self.local), ("cluster", self.cluster), ("gke", self.gke))
        return next((name for name, part in chosen if part is not None), "")
