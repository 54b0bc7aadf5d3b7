"""Room for secrets in Secret Manager: names and readers; values never pass through Pulumi."""

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from infra.gke.identity import workload
from llmplat.domain.gke import GkeInputs


class SecretStore(pulumi.ComponentResource):
    """One empty secret for each name, each readable by one workload and nobody else."""

    def __init__(
        self,
        inputs: GkeInputs,
        cluster: gcp.container.Cluster,
        behind: Sequence[pulumi.Resource],
    ) -> None:
        super().__init__("llmplat:gke:SecretStore", f"{inputs.platform}-secrets")
        for name in inputs.secrets:
            secret = gcp.secretmanager.Secret(
                name,
                project=inputs.project,
                secret_id=name,
                labels=dict(inputs.labels),
                replication={"auto": {}},
                opts=pulumi.ResourceOptions(parent=self, depends_on=behind),
            )
            # The pool of identities that the principal is of comes with the cluster.
            gcp.secretmanager.SecretIamMember(
                name,
                project=inputs.project,
                secret_id=secret.secret_id,
                role="roles/secretmanager.secretAccessor",
                member=workload(inputs, inputs.secret_reader),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[*behind, cluster]),
            )
        self.register_outputs({})
