"""Attacks on the queue: a GPU without asking it, with a foreign one, or by a lie."""

from typing import Any

from tests.cluster.attacks.case import OTHER_SPACE, SPACE, Attack, Attacker, fresh
from tests.cluster.plane.client import Object
from tests.cluster.plane.samples import container, deployment, pod

QUEUE = "kueue.x-k8s.io/queue-name"
QUEUED = {QUEUE: "models"}
L4_BYTES = 24 * 1024**3
L4_NODES = {"nvidia.com/gpu.product": "NVIDIA-L4"}
_FIT = "llmplat.dev/gpu-"


def fit(needed: Any = 8 * 1024**3, offered: Any = 20 * 1024**3, gpu: str = "l4") -> dict[str, str]:
    """The fit annotations of an honest pod."""
    return {
        f"{_FIT}needed-bytes": str(needed),
        f"{_FIT}offered-bytes": str(offered),
        f"{_FIT}fit": "FITS",
        "llmplat.dev/gpu": gpu,
    }


def gpu_pod(
    labels: dict[str, str] | None = None,
    *containers: Object,
    space: str = SPACE,
    annotations: dict[str, str] | None = None,
) -> Object:
    """A pod with one GPU that says honestly what it needs."""
    thing = pod(
        fresh("gpu"),
        space,
        *(containers or (container(gpus=1),)),
        labels=QUEUED if labels is None else labels,
        annotations=fit() if annotations is None else annotations,
    )
    thing["spec"]["nodeSelector"] = dict(L4_NODES)
    return thing


def workload(kind: str, labels: dict[str, str], gpus: int = 1) -> Object:
    """A Deployment, ReplicaSet, StatefulSet, Job or CronJob whose pods want GPUs."""
    thing = deployment(fresh("work"), SPACE, container(gpus=gpus), labels=labels, annotations=fit())
    thing["spec"]["template"]["metadata"]["labels"] |= labels
    thing["spec"]["template"]["spec"]["nodeSelector"] = dict(L4_NODES)
    thing["kind"] = kind
    if kind == "StatefulSet":
        thing["spec"]["serviceName"] = "none"
    if kind in {"Job", "CronJob"}:
        thing |= {"apiVersion": "batch/v1", "spec": {"template": thing["spec"]["template"]}}
        thing["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    if kind == "CronJob":
        made = {"spec": thing["spec"], "metadata": {"labels": labels}}
        thing["spec"] = {"schedule": "0 0 1 1 *", "jobTemplate": made}
    return thing


def _with_claim(labels: dict[str, str], of: str = "resourceClaimName") -> Object:
    thing = gpu_pod(labels, container())
    thing["spec"]["resourceClaims"] = [{"name": "gpu", of: "gpu"}]
    thing["spec"]["containers"][0]["resources"]["claims"] = [{"name": "gpu"}]
    return thing


def _with_init(labels: dict[str, str]) -> Object:
    thing = gpu_pod(labels, container())
    thing["spec"]["initContainers"] = [container("first", gpus=1)]
    return thing


def _with_sidecar(labels: dict[str, str]) -> Object:
    thing = gpu_pod(labels, container())
    thing["spec"]["initContainers"] = [{**container("beside", gpus=1), "restartPolicy": "Always"}]
    return thing


def _on_node(labels: dict[str, str]) -> Object:
    thing = gpu_pod(labels)
    thing["spec"]["nodeName"] = "l4-0"
    return thing


def _change_label(value: str | None) -> Any:
    def act(attacker: Attacker) -> None:
        made = attacker.make(gpu_pod())
        attacker.change(
            {"apiVersion": "v1", "kind": "Pod", **made}, {"metadata": {"labels": {QUEUE: value}}}
        )

    return act


def _note(attacker: Attacker) -> None:
    made = attacker.make(gpu_pod())
    attacker.change(
        {"apiVersion": "v1", "kind": "Pod", **made}, {"metadata": {"labels": {"note": "mine"}}}
    )


def _open_gate(attacker: Attacker) -> None:
    made = attacker.make(gpu_pod())
    attacker.change({"apiVersion": "v1", "kind": "Pod", **made}, {"spec": {"schedulingGates": []}})


def _ephemeral(attacker: Attacker) -> None:
    """The API lets no ephemeral container ask for resources; the variable gives it GPUs all the same."""
    made = attacker.make(gpu_pod({}, container()))
    debug = {**container("debug"), "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}
    del debug["resources"]
    attacker.change(
        {"apiVersion": "v1", "kind": "Pod", **made},
        {"spec": {"ephemeralContainers": [{**debug, "targetContainerName": "main"}]}},
        "/ephemeralcontainers",
    )


def _make(thing_of: Any, *given: Any, **named: Any) -> Any:
    """An act that creates what `thing_of` makes, a new one each time."""
    return lambda attacker: attacker.make(thing_of(*given, **named))


_QUEUE = ("policy:llmplat-gpu-queue",)
_QUEUED_POD = _make(gpu_pod)
_TEMPLATE = "resourceClaimTemplateName"

GPU_ATTACKS = (
    Attack("pod with a GPU without a queue", _make(gpu_pod, {}), _QUEUED_POD, _QUEUE),
    Attack("pod with a GPU and a foreign queue", _make(gpu_pod, {QUEUE: "team-b"}), _QUEUED_POD, _QUEUE),
    Attack("pod with a GPU and a queue nobody has", _make(gpu_pod, {QUEUE: "spare"}), _QUEUED_POD, _QUEUE),
    Attack("GPU in an init container", _make(_with_init, {}), _make(_with_init, QUEUED), _QUEUE),
    Attack("GPU in a sidecar", _make(_with_sidecar, {}), _make(_with_sidecar, QUEUED), _QUEUE),
    Attack("GPU in an ephemeral container", _ephemeral, _QUEUED_POD, ("rbac", *_QUEUE)),
    Attack("GPU shared by time", _make(gpu_pod, {}, container(gpus=1, resource="nvidia.com/gpu.shared")), _QUEUED_POD, _QUEUE),
    Attack("slice of a GPU", _make(gpu_pod, {}, container(gpus=1, resource="nvidia.com/mig-1g.10gb")), _QUEUED_POD, _QUEUE),
    Attack("GPU of another maker", _make(gpu_pod, {}, container(gpus=1, resource="amd.com/gpu")), _QUEUED_POD, _QUEUE),
    Attack("DRA claim without a queue", _make(_with_claim, {}), _QUEUED_POD, _QUEUE),
    Attack("DRA claim by a template without a queue", _make(_with_claim, {}, _TEMPLATE), _make(_with_claim, QUEUED, _TEMPLATE), _QUEUE),
    Attack("DRA claim that another pod holds", _make(_with_claim, QUEUED), _make(_with_claim, QUEUED, _TEMPLATE), _QUEUE),
    Attack("pod put on a node past the scheduler", _make(_on_node, {}), _QUEUED_POD, _QUEUE),
    Attack("label that says the queue let it in", _make(gpu_pod, {"kueue.x-k8s.io/managed": "true"}), _QUEUED_POD, _QUEUE),
    Attack("label changed after admission", _change_label("team-b"), _note, _QUEUE),
    Attack("label taken off after admission", _change_label(None), _note, _QUEUE),
    Attack("gate of the queue opened by hand", _open_gate, _note, _QUEUE),
    Attack("Deployment without a queue", _make(workload, "Deployment", {}), _make(workload, "Deployment", QUEUED), _QUEUE),
    Attack("ReplicaSet without a queue", _make(workload, "ReplicaSet", {}), _make(workload, "ReplicaSet", QUEUED), _QUEUE),
    Attack("StatefulSet without a queue", _make(workload, "StatefulSet", {}), _make(workload, "StatefulSet", QUEUED), _QUEUE),
    Attack("Job without a queue", _make(workload, "Job", {}), _make(workload, "Job", QUEUED), _QUEUE),
    Attack("CronJob without a queue", _make(workload, "CronJob", {}), _make(workload, "CronJob", QUEUED), _QUEUE),
    Attack("GPU in another team's namespace", _make(gpu_pod, space=OTHER_SPACE), _QUEUED_POD, ("rbac",)),
    Attack("GPU in a namespace without a queue", _make(gpu_pod, space="default"), _QUEUED_POD, ("rbac", *_QUEUE)),
    Attack("needs more than it is offered", _make(gpu_pod, annotations=fit(needed=22 * 1024**3)), _QUEUED_POD, ("policy:llmplat-gpu-fit",)),
    Attack("is offered more than the GPU has", _make(gpu_pod, annotations=fit(offered=L4_BYTES * 4)), _QUEUED_POD, ("policy:llmplat-gpu-fit",)),
    Attack("says nothing of what it needs", _make(gpu_pod, annotations={}), _QUEUED_POD, ("policy:llmplat-gpu-fit",)),
    Attack("says it in words", _make(gpu_pod, annotations=fit(needed="little")), _QUEUED_POD, ("policy:llmplat-gpu-fit",)),
    Attack("names a GPU nobody has", _make(gpu_pod, annotations=fit(gpu="b999")), _QUEUED_POD, ("policy:llmplat-gpu-fit",)),
)  # fmt: skip
