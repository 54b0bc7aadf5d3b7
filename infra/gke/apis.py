"""The Google APIs that the platform needs, switched on and never switched off again."""

import pulumi
import pulumi_gcp as gcp

from llmplat.domain.gke import GkeInputs

_ALWAYS = (
    "artifactregistry",
    "cloudresourcemanager",
    "compute",
    "container",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "networkservices",
    "secretmanager",
)


class Apis(pulumi.ComponentResource):
    """One Service a Google API; other workloads of the project may use them, so they stay on."""

    def __init__(self, inputs: GkeInputs) -> None:
        super().__init__("llmplat:gke:Apis", f"{inputs.platform}-apis")
        names = (*_ALWAYS, *(("dns",) if inputs.dns_zone else ()))
        self.services = tuple(
            gcp.projects.Service(
                f"{inputs.platform}-{name}",
                project=inputs.project,
                service=f"{name}.googleapis.com",
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for name in names
        )
        self.register_outputs({})
