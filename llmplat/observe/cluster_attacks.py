"""Attempts that the API server must refuse, each beside a twin that it must take; nothing is made.

Both go through server-side dry-run, so that admission decides and nothing is stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmplat.domain.cluster import Cluster, Object
from llmplat.domain.errors import ClusterError, ClusterUnreachableError
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.plan import Plan
from llmplat.render.objects.shape import container_security, pod_security

_QUEUE = "kueue.x-k8s.io/queue-name"
_BY_POLICY = ("ValidatingAdmissionPolicy", "PodSecurity", "admission webhook", "PriorityClass")
_DIGEST = "registry.k8s.io/pause@sha256:" + "0" * 64


@dataclass(frozen=True)
class Attempt:
    """What somebody with rights in a model's namespace might try."""

    name: str
    attack: Object
    twin: Object


def try_attacks(cluster: Cluster, plan: Plan) -> Iterator[tuple[str, str, bool | None, str]]:
    """Every attempt in the namespace of one model of each owner."""
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    seen: set[str] = set()
    for engine in plan.cluster.workloads.engines:
        if engine.namespace in seen or engine.gpu is None or engine.queue is None:
            continue
        seen.add(engine.namespace)
        for one in attempts(engine):
            held, told = _judge(cluster, one)
            yield "ways around", f"{one.name} in {engine.namespace}", held, told


def attempts(engine: ClusterEngine) -> Iterator[Attempt]:
    """What is tried in the namespace of `engine`."""
    plain, queued = _pod(engine), _pod(engine, gpus=1)
    yield Attempt("a GPU without its queue", _without_queue(queued), plain)
    yield Attempt("a GPU through another queue", _with_queue(queued, "somebody-elses"), plain)
    yield Attempt("an image by tag", _with_image(plain, "registry.k8s.io/pause:latest"), plain)
    yield Attempt("a privileged pod", _with_security(plain, privileged=True), plain)
    yield Attempt("the host's network", _with_spec(plain, hostNetwork=True), plain)
    yield Attempt("a folder of the node", _with_host_path(plain), plain)
    name = "system-node-critical"
    yield Attempt("the cluster's own priority", _with_spec(plain, priorityClassName=name), plain)


def _judge(cluster: Cluster, one: Attempt) -> tuple[bool | None, str]:
    refused = _refused(cluster, one.twin)
    if refused is not None:
        return None, f"its harmless twin is refused too: {refused}"
    refused = _refused(cluster, one.attack)
    if refused is None:
        return False, "the API server took it"
    if not any(word in refused for word in _BY_POLICY):
        return None, f"refused, but not by a control: {refused}"
    return True, refused[:200]


def _refused(cluster: Cluster, pod: Object) -> str | None:
    """Why a dry-run is refused; None when it is taken."""
    try:
        cluster.apply(pod, is_forced=True, is_dry_run=True)
    except ClusterUnreachableError:
        raise
    except ClusterError as error:
        return error.why or error.what
    return None


def _pod(engine: ClusterEngine, gpus: int = 0) -> Object:
    container: Object = {
        "name": "verify",
        "image": _DIGEST,
        "securityContext": container_security(),
        "resources": {
            "requests": {"cpu": "10m", "memory": "16Mi"},
            "limits": {"memory": "16Mi", **({"nvidia.com/gpu": str(gpus)} if gpus else {})},
        },
    }
    metadata: Object = {"name": "llmplat-verify", "namespace": engine.namespace}
    if gpus:
        metadata["labels"] = {_QUEUE: str(engine.queue)}
    spec: Object = {
        "securityContext": pod_security(),
        "automountServiceAccountToken": False,
        "containers": [container],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _without_queue(pod: Object) -> Object:
    metadata = {key: value for key, value in pod["metadata"].items() if key != "labels"}
    return {**pod, "metadata": metadata}


def _with_queue(pod: Object, queue: str) -> Object:
    return {**pod, "metadata": {**pod["metadata"], "labels": {_QUEUE: queue}}}


def _with_spec(pod: Object, **changes: Any) -> Object:
    return {**pod, "spec": {**pod["spec"], **changes}}


def _with_container(pod: Object, **changes: Any) -> Object:
    return _with_spec(pod, containers=[{**pod["spec"]["containers"][0], **changes}])


def _with_image(pod: Object, image: str) -> Object:
    return _with_container(pod, image=image)


def _with_security(pod: Object, **changes: Any) -> Object:
    context = {**pod["spec"]["containers"][0]["securityContext"], **changes}
    if changes.get("privileged"):
        context["allowPrivilegeEscalation"] = True
    return _with_container(pod, securityContext=context)


def _with_host_path(pod: Object) -> Object:
    return _with_spec(pod, volumes=[{"name": "host", "hostPath": {"path": "/"}}])
