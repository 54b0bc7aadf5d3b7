"""What the cluster's API refuses, as ValidatingAdmissionPolicies: no webhook that could be down."""

from collections.abc import Sequence
from dataclasses import replace

from llmplat.plan.cluster.policies import (
    ARGO_CD_ACCOUNTS,
    CONTROLLERS,
    GPU_NAMESPACES,
    SYSTEM_NAMESPACES,
    SYSTEM_PREFIXES,
    Policies,
)
from llmplat.render.objects import admission_gpus as gpus
from llmplat.render.objects import admission_tenants as tenants
from llmplat.render.objects.admission_rule import Rule
from llmplat.render.objects.admission_terms import IS_PLATFORM, POD_RULES, is_one_of, variable
from llmplat.render.objects.shape import (
    BY_DIGEST,
    NAMESPACE_NAME,
    OWNER,
    Object,
    make_metadata,
    make_object,
)

API = "admissionregistration.k8s.io/v1"
_PRIVILEGED = "pod-security.kubernetes.io/enforce"


def make_admission(platform: str, policies: Policies) -> tuple[Object, ...]:
    """Every policy, each with the binding that makes it deny."""
    # Parts of the platform that look after nodes stand in namespaces that say so.
    elsewhere = [
        _expression(NAMESPACE_NAME, "NotIn", [*SYSTEM_NAMESPACES, *GPU_NAMESPACES]),
    ]
    owners = [_expression(OWNER, "Exists")]
    everywhere: Object = {"name": "not-the-clouds-own", "expression": _not_the_clouds()}
    ours = is_one_of(policies.users, policies.groups)
    argo = is_one_of(CONTROLLERS, (*policies.groups, ARGO_CD_ACCOUNTS))
    # Controllers must be able to finish with pods that were there before the rule.
    new = {
        "name": "new-or-not-by-the-platform",
        "expression": f"request.operation == 'CREATE' || !{ours}",
    }
    foreign = {"name": "not-by-the-platform", "expression": f"!{ours}"}
    not_argo = {"name": "not-by-argo-cd", "expression": f"!{argo}"}
    made: list[Object] = []
    for name, rule, where, conditions in (
        ("gpu-queue", gpus.GPU_QUEUE, elsewhere, (everywhere, new)),
        ("gpu-fit", gpus.make_gpu_fit(policies.gpus), elsewhere, (everywhere, new)),
        ("privileged", tenants.PRIVILEGED, [
            *elsewhere, _expression(_PRIVILEGED, "NotIn", ["privileged"]),
        ], (everywhere, new)),
        ("digest", tenants.DIGEST, [_expression(BY_DIGEST, "Exists")], (new,)),
        ("priority", tenants.PRIORITY, owners, (foreign,)),
        ("secret-use", tenants.SECRET_USE, owners, (foreign,)),
        ("connect", tenants.CONNECT, owners, (foreign,)),
        ("platform-objects", tenants.PLATFORM_OBJECTS, owners, (foreign,)),
        ("gitops", tenants.GITOPS, (), (not_argo,)),
    ):  # fmt: skip
        made += _pair(platform, name, _told(rule, ours), where, conditions)
    return tuple(made)


def _told(rule: Rule, ours: str) -> Rule:
    """`rule` with the variable that says who asks, where it asks for it."""
    texts = [*(item["expression"] for item in rule.variables), *(e for _, e in rule.validations)]
    if not any(IS_PLATFORM in text for text in texts):
        return rule
    return replace(rule, variables=(variable("isPlatform", ours), *rule.variables))


def _pair(
    platform: str,
    name: str,
    rule: Rule,
    where: Sequence[Object],
    conditions: Sequence[Object],
) -> list[Object]:
    metadata = make_metadata(platform, f"llmplat-{name}")
    constraints: Object = {
        "matchPolicy": "Equivalent",
        "resourceRules": list(rule.resources or POD_RULES),
    }
    if where:
        constraints["namespaceSelector"] = {"matchExpressions": list(where)}
    spec: Object = {"failurePolicy": "Fail", "matchConstraints": constraints}
    binding: Object = {"policyName": f"llmplat-{name}", "validationActions": ["Deny"]}
    if conditions:
        spec["matchConditions"] = list(conditions)
    if rule.variables:
        spec["variables"] = list(rule.variables)
    spec["validations"] = [
        {"expression": " ".join(expression.split()), "message": message, "reason": "Forbidden"}
        for message, expression in rule.validations
    ]
    return [
        make_object(API, "ValidatingAdmissionPolicy", metadata, spec=spec),
        make_object(API, "ValidatingAdmissionPolicyBinding", metadata, spec=binding),
    ]


def _not_the_clouds() -> str:
    return " && ".join(f"!request.namespace.startsWith('{start}')" for start in SYSTEM_PREFIXES)


def _expression(key: str, operator: str, values: Sequence[str] = ()) -> Object:
    found: Object = {"key": key, "operator": operator}
    return {**found, "values": list(values)} if values else found
