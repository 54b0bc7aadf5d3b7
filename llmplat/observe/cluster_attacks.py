"""Attempts that the API server must refuse, each beside a twin that it must take; nothing is made.

Both go through server-side dry-run, so that admission decides and nothing is stored.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from llmplat.domain.cluster import Cluster, Object
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.plan import Plan
from llmplat.render.objects.shape import container_security, pod_security

_AT_ONCE = 8
_QUEUE = "kueue.x-k8s.io/queue-name"
_BY_POLICY = ("ValidatingAdmissionPolicy", "PodSecurity", "admission webhook", "PriorityClass")
_USER = "llmplat-verify"
_DIGEST = "registry.k8s.io/pause@sha256:" + "0" * 64


@dataclass(frozen=True)
class Attempt:
    """What somebody of a tenant might try in its own namespace."""

    name: str
    attack: Object
    twin: Object


def try_attacks(cluster: Cluster, plan: Plan) -> Iterator[tuple[str, str, bool | None, str]]:
    """Every attempt in the namespace of one model of each owner."""
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    if not all(cluster.can("impersonate", "", kind) for kind in ("users", "groups")):
        why = "you may not impersonate a tenant in this cluster, so nothing is tried as one"
        yield "ways around", "what a tenant may not do", None, why
        return
    groups = {owner.namespace: owner.group for owner in plan.cluster.workloads.owners}
    first: dict[str, ClusterEngine] = {}
    for engine in plan.cluster.workloads.engines:
        if engine.gpu is not None and engine.queue is not None:
            first.setdefault(engine.namespace, engine)
    tries = [(space, one) for space, engine in first.items() for one in attempts(engine)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:

        def try_all(pods: Mapping[str, Object]) -> dict[str, str | None]:
            told = pool.map(lambda it: _refused(cluster, it, groups[_space(it)]), pods.values())
            return dict(zip(pods, told, strict=True))

        # Attempts of one namespace share their twin: it is asked once.
        twins = try_all({_text(one.twin): one.twin for _, one in tries})
        attacks = try_all({_text(one.attack): one.attack for _, one in tries})
    for space, one in tries:
        held, told = _judge(twins[_text(one.twin)], attacks[_text(one.attack)])
        yield "ways around", f"{one.name} in {space}", held, told


def attempts(engine: ClusterEngine) -> Iterator[Attempt]:
    """What is tried in the namespace of `engine`."""
    plain, queued = _pod(engine), _pod(engine, gpus=1)
    yield Attempt("a GPU without its queue", _without_queue(queued), plain)
    yield Attempt("a GPU through another queue", _with_queue(queued, "somebody-elses"), plain)
    yield Attempt("an image by tag", _with_image(plain, "registry.k8s.io/pause:latest"), plain)
    yield Attempt("a privileged pod", _privileged(plain), plain)
    yield Attempt("the host's network", _with_spec(plain, {"hostNetwork": True}), plain)
    yield Attempt("a folder of the node", _with_host_path(plain), plain)
    name = "system-node-critical"
    yield Attempt(
        "the cluster's own priority", _with_spec(plain, {"priorityClassName": name}), plain
    )


def _judge(twin: str | None, attack: str | None) -> tuple[bool | None, str]:
    """Why each was refused (None: taken) -> whether the control holds, and what was seen."""
    if twin is not None:
        return None, f"its harmless twin is refused too: {twin}"
    if attack is None:
        return False, "the API server took it"
    if not any(word in attack for word in _BY_POLICY):
        return None, f"refused, but not by a control: {attack}"
    return True, attack[:200]


def _refused(cluster: Cluster, pod: Object, group: str) -> str | None:
    """Why somebody of `group` is refused, by dry-run; None when the API server takes it."""
    answer = cluster.ask(
        "POST",
        f"/api/v1/namespaces/{_space(pod)}/pods?dryRun=All",
        headers={
            "content-type": "application/json",
            "impersonate-user": _USER,
            "impersonate-group": group,
        },
        body=_text(pod).encode(),
    )
    if answer.status < 400:
        return None
    try:
        message = json.loads(answer.body).get("message", "")
    except ValueError:
        message = ""
    return f"{answer.status} {message}".strip()


def _text(pod: Object) -> str:
    return json.dumps(pod)


def _space(pod: Object) -> str:
    name: str = pod["metadata"]["namespace"]
    return name


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


def _with_spec(pod: Object, changes: Mapping[str, Any]) -> Object:
    return {**pod, "spec": {**pod["spec"], **changes}}


def _with_container(pod: Object, changes: Mapping[str, Any]) -> Object:
    return _with_spec(pod, {"containers": [{**pod["spec"]["containers"][0], **changes}]})


def _with_image(pod: Object, image: str) -> Object:
    return _with_container(pod, {"image": image})


def _privileged(pod: Object) -> Object:
    context = {"privileged": True, "allowPrivilegeEscalation": True}
    return _with_container(pod, {"securityContext": context})


def _with_host_path(pod: Object) -> Object:
    return _with_spec(pod, {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]})
