"""The words that admission rules are written in: pods inside anything, GPUs by any name, who asks."""

from llmplat.plan.cluster.policies import (
    GPU_RESOURCES,
    GPU_RUNTIMES,
    GPU_VARIABLE,
)
from llmplat.render.objects.shape import Object

POD_RULES: tuple[Object, ...] = (
    {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["pods", "pods/ephemeralcontainers", "replicationcontrollers"],
        "scope": "Namespaced",
    },
    {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments", "replicasets", "statefulsets", "daemonsets"],
        "scope": "Namespaced",
    },
    {
        "apiGroups": ["batch"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["jobs", "cronjobs"],
        "scope": "Namespaced",
    },
)
"""Pods, and everything that pods are made from."""


def quoted(words: tuple[str, ...]) -> str:
    """A CEL list of strings."""
    return "[" + ", ".join(f"'{word}'" for word in words) + "]"


def variable(name: str, expression: str) -> Object:
    """One named part of a rule."""
    return {"name": name, "expression": " ".join(expression.split())}


IS_PLATFORM = "variables.isPlatform"
"""Whether the platform itself asks, or a controller of the cluster; see `is_one_of`."""


def is_one_of(users: tuple[str, ...], groups: tuple[str, ...]) -> str:
    """Whether who asks is one of `users` or in one of `groups`."""
    return (
        f"(request.userInfo.username in {quoted(users)} || (has(request.userInfo.groups) && "
        f"request.userInfo.groups.exists(g, g in {quoted(groups)})))"
    )


_TEMPLATE = """
request.kind.kind == 'Pod' ? {0} :
(request.kind.kind == 'CronJob' ? {0}.spec.jobTemplate.spec.template : {0}.spec.template)
"""
POD = variable("pod", _TEMPLATE.format("object"))
SPEC = variable("spec", "variables.pod.spec")
_CONTAINERS = """
{0}.containers +
(has({0}.initContainers) ? {0}.initContainers : []) +
(has({0}.ephemeralContainers) ? {0}.ephemeralContainers : [])
"""
CONTAINERS = variable("containers", _CONTAINERS.format("variables.spec"))
POD_LABELS = variable(
    "podLabels",
    "has(variables.pod.metadata) && has(variables.pod.metadata.labels) "
    "? variables.pod.metadata.labels : {}",
)
POD_ANNOTATIONS = variable(
    "podAnnotations",
    "has(variables.pod.metadata) && has(variables.pod.metadata.annotations) "
    "? variables.pod.metadata.annotations : {}",
)
OWN_LABELS = variable("ownLabels", "has(object.metadata.labels) ? object.metadata.labels : {}")
OLD_LABELS = variable(
    "oldLabels",
    "oldObject != null && has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}",
)


def _is_gpu(name: str) -> str:
    return " || ".join(f"{name}.startsWith('{start}')" for start in GPU_RESOURCES)


def uses_gpu(spec: str, containers: str) -> str:
    """Whether a pod's spec asks for an accelerator in any way that is known."""
    asked = " || ".join(
        f"(has(c.resources.{part}) && c.resources.{part}.exists(k, {_is_gpu('k')}))"
        for part in ("limits", "requests")
    )
    return f"""
    {containers}.exists(c, has(c.resources) && ({asked}
      || (has(c.resources.claims) && size(c.resources.claims) > 0)))
    || (has({spec}.resourceClaims) && size({spec}.resourceClaims) > 0)
    || (has({spec}.runtimeClassName) && {spec}.runtimeClassName in {quoted(GPU_RUNTIMES)})
    || {containers}.exists(c, has(c.env) && c.env.exists(e, e.name == '{GPU_VARIABLE}'
      && !(has(e.value) && e.value in ['none', 'void'])))
    """


USES_GPU = variable("usesGpu", uses_gpu("variables.spec", "variables.containers"))
"""Device plugin resources, DRA claims, GPU runtime classes, and the variable that gives GPUs."""
