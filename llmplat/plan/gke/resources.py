"""What the program declared in this run, and what of it breaks a rule."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmplat.domain.errors import Finding
from llmplat.plan.gke.rules import broken_rules, finding_of

_SERVICE = "gcp:projects/service:Service"
_PROJECT_ROLES = "gcp:projects/iAM"
_BY_CONTROLLERS = (
    "gcp:compute/forwardingRule",
    "gcp:compute/globalForwardingRule",
    "gcp:compute/networkEndpointGroup",
    "gcp:compute/backendService",
    "gcp:dns/recordSet",
)
_BROAD = ("roles/secretmanager.secretAccessor", "roles/editor", "roles/owner")
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class Resource:
    """One resource as the provider would be asked for it."""

    urn: str
    type: str
    """For example gcp:container/nodePool:NodePool."""
    name: str
    inputs: Mapping[str, Any]
    depends_on: tuple[str, ...]
    """URNs."""
    ignore_changes: tuple[str, ...]


def read_resources(recorded: Sequence[Mapping[str, Any]]) -> tuple[Resource, ...]:
    """The resources of a recording, in its order."""
    return tuple(
        Resource(
            one["urn"],
            one["type"],
            one["name"],
            one["inputs"],
            tuple(one["dependsOn"]),
            tuple(one["ignoreChanges"]),
        )
        for one in recorded
    )


def check_resources(resources: Sequence[Resource]) -> tuple[Finding, ...]:
    """Findings about the program itself; none for the program as it is shipped."""
    return tuple(_findings(resources))


def _findings(resources: Sequence[Resource]) -> Iterator[Finding]:
    apis = {one.urn for one in resources if one.type == _SERVICE}
    is_native = any(one.inputs.get("networkingMode") == "VPC_NATIVE" for one in resources)
    for one in resources:
        facts = {**_facts(one, apis), "clusterIsVpcNative": is_native}
        for about in ("resource", one.type):
            for rule in broken_rules(about, facts):
                yield finding_of(rule, facts)


def _facts(one: Resource, apis: set[str]) -> dict[str, Any]:
    role = one.inputs.get("role")
    scopes = one.inputs.get("nodeConfig", {}).get("oauthScopes", ())
    is_project_wide = one.type.startswith(_PROJECT_ROLES)
    return {
        **one.inputs,
        "name": one.inputs.get("name", one.name),
        "type": one.type,
        "ignoreChanges": one.ignore_changes,
        "isLeftOn": one.inputs.get("disableOnDestroy") is False,
        "isBehindApis": one.urn in apis or bool(apis & set(one.depends_on)),
        "isMadeByControllers": one.type.startswith(_BY_CONTROLLERS),
        "isKubernetes": one.type.startswith("kubernetes:"),
        "isSecretValue": one.type.startswith("gcp:secretmanager/secretVersion"),
        "broadRole": role if is_project_wide and role in _BROAD else None,
        "hasBroadScope": _SCOPE in scopes,
    }
