"""Rules about GPUs, in CEL: only through the queue, and only as much as there is."""

from dataclasses import replace

from llmplat.plan.cluster.policies import GpuLimit
from llmplat.plan.cluster.queues import LOCAL_QUEUE
from llmplat.plan.engine import NEEDED_BYTES, OFFERED_BYTES
from llmplat.render.objects.admission_rule import POD_VARIABLES, Rule, check
from llmplat.render.objects.admission_terms import (
    IS_PLATFORM,
    OLD_LABELS,
    OWN_LABELS,
    POD_ANNOTATIONS,
    POD_LABELS,
    USES_GPU,
    variable,
)
from llmplat.render.objects.engines import GPU_TYPE, QUEUE_LABEL
from llmplat.render.objects.shape import OWNER

GATE = "kueue.x-k8s.io/admission"
"""Scheduling gate that the queue takes away when it admits a pod."""

_QUEUE = variable(
    "queue",
    f"'{QUEUE_LABEL}' in variables.podLabels ? variables.podLabels['{QUEUE_LABEL}'] : "
    f"('{QUEUE_LABEL}' in variables.ownLabels ? variables.ownLabels['{QUEUE_LABEL}'] : '')",
)
_OLD_QUEUE = variable(
    "oldQueue",
    f"'{QUEUE_LABEL}' in variables.oldLabels ? variables.oldLabels['{QUEUE_LABEL}'] : ''",
)
_NEW_QUEUE = variable(
    "newQueue",
    f"'{QUEUE_LABEL}' in variables.ownLabels ? variables.ownLabels['{QUEUE_LABEL}'] : ''",
)
_GATED = variable(
    "isGated",
    f"has(variables.spec.schedulingGates) && "
    f"variables.spec.schedulingGates.exists(g, g.name == '{GATE}')",
)
_WAS_GATED = variable(
    "wasGated",
    "request.kind.kind == 'Pod' && oldObject != null && has(oldObject.spec.schedulingGates) && "
    f"oldObject.spec.schedulingGates.exists(g, g.name == '{GATE}')",
)
_OF_JOB = variable(
    "isOfJob",
    f"{IS_PLATFORM} && has(object.metadata.ownerReferences) && "
    "object.metadata.ownerReferences.exists(o, o.kind == 'Job' && has(o.controller) && o.controller)",
)
_SUSPENDED = variable(
    "isSuspended",
    "request.kind.kind == 'Job' && has(object.spec.suspend) && object.spec.suspend",
)

GPU_QUEUE = Rule(
    variables=(
        *POD_VARIABLES, POD_LABELS, OWN_LABELS, OLD_LABELS, USES_GPU, _QUEUE, _OLD_QUEUE,
        _NEW_QUEUE, _GATED, _WAS_GATED, _OF_JOB, _SUSPENDED,
    ),
    validations=(
        check(
            "GPUs are used in the namespaces of model owners only.",
            "!variables.usesGpu || (has(namespaceObject.metadata.labels) && "
            f"'{OWNER}' in namespaceObject.metadata.labels)",
        ),
        check(
            f"What uses a GPU carries the label {QUEUE_LABEL}: {LOCAL_QUEUE}.",
            f"!variables.usesGpu || variables.queue == '{LOCAL_QUEUE}'",
        ),
        check(
            "A GPU is claimed from a template, never one that another pod holds.",
            "!has(variables.spec.resourceClaims) || "
            "variables.spec.resourceClaims.all(c, has(c.resourceClaimTemplateName))",
        ),
        check(
            "A pod with a GPU waits until its queue admits it.",
            "!(variables.usesGpu && request.kind.kind == 'Pod' && request.operation == 'CREATE') "
            "|| variables.isGated || variables.isOfJob",
        ),
        check(
            f"A job with a GPU carries the label {QUEUE_LABEL} itself: its pods alone are not held.",
            "!(variables.usesGpu && request.kind.kind == 'Job') "
            f"|| variables.newQueue == '{LOCAL_QUEUE}'",
        ),
        check(
            "A job with a GPU is made suspended; its queue starts it.",
            "!(variables.usesGpu && request.kind.kind == 'Job') || variables.isSuspended "
            f"|| (request.operation == 'UPDATE' && {IS_PLATFORM})",
        ),
        check(
            "Only the queue lets a waiting pod go on.",
            f"!variables.wasGated || variables.isGated || {IS_PLATFORM}",
        ),
        check(
            f"The label {QUEUE_LABEL} of what uses a GPU stays as it is.",
            "!(variables.usesGpu && request.operation == 'UPDATE') "
            "|| variables.oldQueue == variables.newQueue",
        ),
        check(
            "A pod with a GPU is placed by the scheduler, not by name.",
            "!(variables.usesGpu && request.operation == 'CREATE') "
            "|| !has(variables.spec.nodeName) || variables.spec.nodeName == ''",
        ),
    ),
)  # fmt: skip


def _annotation(name: str) -> str:
    return f"variables.podAnnotations['{name}']"


_SAID = " && ".join(
    f"'{name}' in variables.podAnnotations" for name in (GPU_TYPE, NEEDED_BYTES, OFFERED_BYTES)
)
_NUMBERS = " && ".join(
    f"{_annotation(name)}.matches('^[0-9]{{1,18}}$')" for name in (NEEDED_BYTES, OFFERED_BYTES)
)
_LABEL = "variables.labels[variables.gpu]"


def make_gpu_fit(gpus: tuple[GpuLimit, ...]) -> Rule:
    """What a pod says of its GPU must hold; the numbers are part of the rule.

    They are no parameters in a ConfigMap: an API server that has once seen the last binding with such
    parameters go never sees them again (kubernetes/kubernetes#130887).
    """
    memory = ", ".join(f"'{gpu.name}': {gpu.memory_bytes}" for gpu in gpus)
    labels = [(gpu.name, gpu.label.partition("=")) for gpu in gpus if gpu.label is not None]
    nodes = ", ".join(f"'{name}': ['{key}', '{value}']" for name, (key, _, value) in labels)
    return replace(
        _GPU_FIT,
        variables=(
            *_GPU_FIT.variables,
            variable("memory", f"{{{memory}}}"),
            variable("labels", f"{{{nodes}}}"),
            variable("isKnown", "variables.gpu in variables.memory"),
        ),
    )


_GPU_FIT = Rule(
    variables=(
        *POD_VARIABLES,
        POD_ANNOTATIONS,
        USES_GPU,
        variable("isSaid", f"{_SAID} && {_NUMBERS}"),
        variable("gpu", f"variables.isSaid ? {_annotation(GPU_TYPE)} : ''"),
    ),
    validations=(
        check(
            f"What uses a GPU says {GPU_TYPE}, {NEEDED_BYTES} and {OFFERED_BYTES}, whole numbers.",
            "!variables.usesGpu || variables.isSaid",
        ),
        check(
            f"{GPU_TYPE} names a GPU of this cluster.",
            "!variables.usesGpu || !variables.isSaid || variables.isKnown",
        ),
        check(
            f"{NEEDED_BYTES} is at most {OFFERED_BYTES}.",
            "!variables.usesGpu || !variables.isSaid || "
            f"int({_annotation(NEEDED_BYTES)}) <= int({_annotation(OFFERED_BYTES)})",
        ),
        check(
            f"{OFFERED_BYTES} is at most what the GPU has.",
            "!variables.usesGpu || !variables.isKnown || "
            f"int({_annotation(OFFERED_BYTES)}) <= variables.memory[variables.gpu]",
        ),
        check(
            f"The nodeSelector asks for the nodes with the GPU that {GPU_TYPE} names.",
            "!variables.usesGpu || !variables.isKnown || "
            "!(variables.gpu in variables.labels) || "
            f"(has(variables.spec.nodeSelector) && {_LABEL}[0] in variables.spec.nodeSelector && "
            f"variables.spec.nodeSelector[{_LABEL}[0]] == {_LABEL}[1])",
        ),
    ),
)
