"""Whom the machines act as: one account that may do what GKE's agents do and nothing else."""

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from llmplat.domain.gke import GkeInputs


class Identity(pulumi.ComponentResource):
    """A service account for nodes; workloads never get it, they act as themselves."""

    def __init__(self, inputs: GkeInputs, behind: Sequence[pulumi.Resource]) -> None:
        super().__init__("llmplat:gke:Identity", f"{inputs.platform}-identity")
        below = pulumi.ResourceOptions(parent=self, depends_on=behind)
        self.nodes = gcp.serviceaccount.Account(
            f"{inputs.platform}-nodes",
            project=inputs.project,
            account_id=f"{inputs.platform}-nodes",
            display_name=f"Nodes of llmplat platform {inputs.platform}",
            opts=below,
        )
        gcp.projects.IAMMember(
            f"{inputs.platform}-nodes",
            project=inputs.project,
            role="roles/container.defaultNodeServiceAccount",
            member=self.nodes.member,
            opts=below,
        )
        self.register_outputs({})


def workload(inputs: GkeInputs, who: tuple[str, str]) -> pulumi.Output[str]:
    """The IAM principal of the Kubernetes service account `who`, as (namespace, name)."""
    namespace, account = who
    number = gcp.organizations.get_project_output(project_id=inputs.project).number
    pool = f"workloadIdentityPools/{inputs.project}.svc.id.goog"
    return pulumi.Output.concat(
        "principal://iam.googleapis.com/projects/",
        number,
        f"/locations/global/{pool}/subject/ns/{namespace}/sa/{account}",
    )
