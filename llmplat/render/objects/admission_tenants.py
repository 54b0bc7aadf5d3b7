"""Rules about what tenants and pods may not do, in CEL."""

from llmplat.render.objects.admission_rule import POD_VARIABLES, Rule, check
from llmplat.render.objects.admission_terms import OLD_LABELS, OWN_LABELS, POD_LABELS, variable
from llmplat.render.objects.engines import QUEUE_PRIORITY_LABEL
from llmplat.render.objects.queues import BATCH_PRIORITY
from llmplat.render.objects.shape import MANAGED_BY, PREFIX, US

PRIVILEGED = Rule(
    variables=POD_VARIABLES,
    validations=(
        check(
            "No container is privileged.",
            "variables.containers.all(c, !(has(c.securityContext) && "
            "has(c.securityContext.privileged) && c.securityContext.privileged))",
        ),
        check(
            "No pod shares the node's network, processes or memory.",
            " && ".join(
                f"!(has(variables.spec.{key}) && variables.spec.{key})"
                for key in ("hostNetwork", "hostPID", "hostIPC")
            ),
        ),
        check(
            "No pod mounts a folder of its node.",
            "!has(variables.spec.volumes) || variables.spec.volumes.all(v, !has(v.hostPath))",
        ),
    ),
)

_BY_DIGEST = "matches('@sha256:[0-9a-f]{64}$')"
DIGEST = Rule(
    variables=POD_VARIABLES,
    validations=(
        check(
            "Every image runs by digest: registry/name@sha256:...",
            f"variables.containers.all(c, has(c.image) && c.image.{_BY_DIGEST})",
        ),
        check(
            "Every image volume is named by digest.",
            "!has(variables.spec.volumes) || variables.spec.volumes.all(v, "
            f"!has(v.image) || (has(v.image.reference) && v.image.reference.{_BY_DIGEST}))",
        ),
    ),
)

PRIORITY = Rule(
    variables=(*POD_VARIABLES, POD_LABELS, OWN_LABELS),
    validations=(
        check(
            f"The priority class of tenants' work is {BATCH_PRIORITY}, or none.",
            "!has(variables.spec.priorityClassName) || "
            f"variables.spec.priorityClassName in ['', '{BATCH_PRIORITY}']",
        ),
        check(
            f"The label {QUEUE_PRIORITY_LABEL} of tenants' work is {BATCH_PRIORITY}, or absent.",
            " && ".join(
                f"(!('{QUEUE_PRIORITY_LABEL}' in {labels}) || "
                f"{labels}['{QUEUE_PRIORITY_LABEL}'] == '{BATCH_PRIORITY}')"
                for labels in ("variables.podLabels", "variables.ownLabels")
            ),
        ),
    ),
)

SECRET_USE = Rule(
    variables=POD_VARIABLES,
    validations=(
        check(
            "Tenants' pods read no Secrets: those in this namespace are the platform's.",
            "variables.containers.all(c, (!has(c.env) || c.env.all(e, !has(e.valueFrom) || "
            "!has(e.valueFrom.secretKeyRef))) && (!has(c.envFrom) || c.envFrom.all(e, "
            "!has(e.secretRef))))",
        ),
        check(
            "Tenants' pods mount no Secrets: those in this namespace are the platform's.",
            "!has(variables.spec.volumes) || variables.spec.volumes.all(v, !has(v.secret) && "
            "!has(v.csi) && (!has(v.projected) || !has(v.projected.sources) || "
            "v.projected.sources.all(s, !has(s.secret))))",
        ),
    ),
)

CONNECT = Rule(
    resources=(
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CONNECT"],
            "resources": ["pods/exec", "pods/attach", "pods/portforward", "pods/proxy",
                          "services/proxy"],
            "scope": "Namespaced",
        },
    ),
    validations=(
        check(
            "Nobody enters pods beside the models, or goes around their network policies.",
            "false",
        ),
    ),
)  # fmt: skip


def _is_ours(labels: str) -> str:
    return (
        f"{labels}.exists(k, k.startsWith('{PREFIX}')) || "
        f"('{MANAGED_BY}' in {labels} && {labels}['{MANAGED_BY}'] == '{US}')"
    )


_NEW_LABELS = variable(
    "newLabels",
    "object != null && has(object.metadata.labels) ? object.metadata.labels : {}",
)
_TEMPLATE_LABELS = variable(
    "templateLabels",
    "object != null && has(object.spec) && has(object.spec.template) && "
    "has(object.spec.template.metadata) && has(object.spec.template.metadata.labels) "
    "? object.spec.template.metadata.labels : {}",
)
_JOB_LABELS = variable(
    "jobLabels",
    "object != null && has(object.spec) && has(object.spec.jobTemplate) && "
    "has(object.spec.jobTemplate.spec.template.metadata) && "
    "has(object.spec.jobTemplate.spec.template.metadata.labels) "
    "? object.spec.jobTemplate.spec.template.metadata.labels : {}",
)
_RESERVED = (
    ("networking.k8s.io", "networkpolicies"),
    ("", "resourcequotas"),
    ("", "limitranges"),
    ("kueue.x-k8s.io", "localqueues"),
    ("keda.sh", "scaledobjects"),
    ("monitoring.coreos.com", "podmonitors"),
    ("monitoring.coreos.com", "servicemonitors"),
    ("serving.kserve.io", "inferenceservices"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("inference.networking.k8s.io", "inferencepools"),
    ("external-secrets.io", "externalsecrets"),
    ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceclaimtemplates"),
)
"""Kinds that only the platform makes in an owner's namespace."""

PLATFORM_OBJECTS = Rule(
    resources=(
        {
            "apiGroups": ["*"],
            "apiVersions": ["*"],
            "operations": ["CREATE", "UPDATE", "DELETE"],
            "resources": ["*", "*/scale"],
            "scope": "Namespaced",
        },
    ),
    variables=(_NEW_LABELS, _TEMPLATE_LABELS, _JOB_LABELS, OLD_LABELS),
    validations=(
        check(
            "What the platform made is changed in its manifests, not here.",
            f"!({_is_ours('variables.oldLabels')})",
        ),
        check(
            f"Labels that begin with {PREFIX} are the platform's.",
            f"!({_is_ours('variables.newLabels')}) && !({_is_ours('variables.templateLabels')}) "
            f"&& !({_is_ours('variables.jobLabels')})",
        ),
        check(
            "Replicas of the platform's parts are its own business.",
            "request.subResource != 'scale' || !has(object.status) || "
            f"!has(object.status.selector) || !object.status.selector.contains('{PREFIX}')",
        ),
        check(
            "Walls, quotas, queues, claims and routes of this namespace are the platform's.",
            " && ".join(
                f"!(request.resource.group == '{group}' && request.resource.resource == '{kind}')"
                for group, kind in _RESERVED
            ),
        ),
    ),
)

GITOPS = Rule(
    resources=(
        {
            "apiGroups": ["argoproj.io"],
            "apiVersions": ["*"],
            "operations": ["CREATE", "UPDATE", "DELETE"],
            "resources": ["applications", "appprojects", "applicationsets"],
            "scope": "Namespaced",
        },
    ),
    validations=(
        check("Applications and projects are changed by Argo CD, from the manifests.", "false"),
    ),
)
