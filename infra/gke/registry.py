"""Artifact Registry for models and manifests, in the cluster's region so that images stream."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.gke.identity import workload
from llmplat.domain.gke import GkeInputs

_READER = "roles/artifactregistry.reader"


@dataclass(frozen=True)
class RegistryArgs:
    """Who reads the repositories."""

    cluster: gcp.container.Cluster
    nodes: gcp.serviceaccount.Account


class Registry(pulumi.ComponentResource):
    """One repository for each that the platform file names in this project and region."""

    def __init__(
        self, inputs: GkeInputs, args: RegistryArgs, behind: Sequence[pulumi.Resource]
    ) -> None:
        super().__init__("llmplat:gke:Registry", f"{inputs.platform}-registry")
        for name in inputs.repositories:
            repository = gcp.artifactregistry.Repository(
                f"{inputs.platform}-{name}",
                project=inputs.project,
                location=inputs.region,
                repository_id=name,
                format="DOCKER",
                mode="STANDARD_REPOSITORY",
                labels=dict(inputs.labels),
                opts=pulumi.ResourceOptions(parent=self, depends_on=behind),
            )
            argocd = workload(inputs, inputs.registry_reader)
            readers = {"nodes": args.nodes.member, "argocd": argocd}
            for who, member in readers.items():
                gcp.artifactregistry.RepositoryIamMember(
                    f"{inputs.platform}-{name}-{who}",
                    project=inputs.project,
                    location=inputs.region,
                    repository=repository.repository_id,
                    role=_READER,
                    member=member,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[*behind, args.cluster]),
                )
        self.register_outputs({})
