"""A DNS zone of the platform's own, where the file asks for one."""

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from llmplat.domain.gke import GkeInputs


class Zone(pulumi.ComponentResource):
    """A public zone; its records are the business of what runs in the cluster."""

    def __init__(self, inputs: GkeInputs, behind: Sequence[pulumi.Resource]) -> None:
        super().__init__("llmplat:gke:Zone", f"{inputs.platform}-zone")
        gcp.dns.ManagedZone(
            inputs.platform,
            project=inputs.project,
            name=inputs.platform,
            dns_name=f"{inputs.dns_zone}.",
            description=f"llmplat platform {inputs.platform}",
            labels=dict(inputs.labels),
            opts=pulumi.ResourceOptions(parent=self, depends_on=behind),
        )
        self.register_outputs({})
