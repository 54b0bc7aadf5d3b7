"""Attacks by what a pod is: its image, its rights on the node, its priority, the secrets it reads."""

from typing import Any

from tests.cluster.attacks.case import SPACE, Attack, fresh
from tests.cluster.plane.client import Object
from tests.cluster.plane.samples import container, pod

_PLAIN = "registry.example.com/app"


def plain_pod(**spec: Any) -> Object:
    """A small pod without a GPU, with `spec` laid over it."""
    thing = pod(fresh("plain"), SPACE)
    thing["spec"] |= spec
    return thing


def _pod_with(change: Object, container_change: Object | None = None) -> Any:
    def act(attacker: Any) -> None:
        thing = plain_pod(**change)
        thing["spec"]["containers"][0] |= container_change or {}
        attacker.make(thing)

    return act


def _secure(**change: Any) -> Object:
    return {"securityContext": {**container()["securityContext"], **change}}


def _with_labels(labels: dict[str, str]) -> Any:
    def act(attacker: Any) -> None:
        thing = plain_pod()
        thing["metadata"]["labels"] = labels
        attacker.make(thing)

    return act


def _volume(volume: Object) -> Any:
    return _pod_with({"volumes": [{"name": "it", **volume}]})


_OURS = _pod_with({})
_BY_DIGEST = ("policy:llmplat-digest",)
_SECRETS = ("policy:llmplat-secret-use",)
_PRIORITY = ("policy:llmplat-priority",)
_PLATFORM = ("policy:llmplat-platform-objects",)
_NODE = ("pod-security", "policy:llmplat-privileged")
_CONFIG = _volume({"configMap": {"name": "settings", "optional": True}})

POD_ATTACKS = (
    Attack("image by tag", _pod_with({}, {"image": f"{_PLAIN}:v1"}), _OURS, _BY_DIGEST),
    Attack("image by the tag latest", _pod_with({}, {"image": f"{_PLAIN}:latest"}), _OURS, _BY_DIGEST),
    Attack("init container by tag", _pod_with({"initContainers": [{**container("first"), "image": f"{_PLAIN}:v1"}]}), _pod_with({"initContainers": [container("first")]}), _BY_DIGEST),
    Attack("image volume by tag", _volume({"image": {"reference": f"{_PLAIN}:v1"}}), _volume({"image": {"reference": f"{_PLAIN}@sha256:{'b' * 64}"}}), _BY_DIGEST),
    Attack("privileged container", _pod_with({}, _secure(privileged=True, allowPrivilegeEscalation=True)), _OURS, _NODE),
    Attack("the node's network", _pod_with({"hostNetwork": True}), _OURS, _NODE),
    Attack("the node's processes", _pod_with({"hostPID": True}), _OURS, _NODE),
    Attack("a folder of the node", _volume({"hostPath": {"path": "/"}}), _volume({"emptyDir": {}}), _NODE),
    Attack("root", _pod_with({}, _secure(runAsNonRoot=False, runAsUser=0)), _OURS, ("pod-security",)),
    Attack("all capabilities", _pod_with({}, _secure(capabilities={"add": ["ALL"]})), _OURS, ("pod-security",)),
    Attack("the class of engines", _pod_with({"priorityClassName": "llmplat-serving"}), _pod_with({"priorityClassName": "llmplat-batch"}), _PRIORITY),
    Attack("the class of the cluster's own parts", _pod_with({"priorityClassName": "system-cluster-critical"}), _OURS, _PRIORITY),
    Attack("priority in the queue", _with_labels({"kueue.x-k8s.io/priority-class": "llmplat-serving"}), _with_labels({"kueue.x-k8s.io/priority-class": "llmplat-batch"}), _PRIORITY),
    Attack("secret as an environment variable", _pod_with({}, {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "engine-key", "key": "value"}}}]}), _pod_with({}, {"env": [{"name": "KEY", "value": "mine"}]}), _SECRETS),
    Attack("all of a secret as the environment", _pod_with({}, {"envFrom": [{"secretRef": {"name": "engine-key"}}]}), _pod_with({}, {"envFrom": [{"configMapRef": {"name": "settings", "optional": True}}]}), _SECRETS),
    Attack("secret as a volume", _volume({"secret": {"secretName": "engine-key"}}), _CONFIG, _SECRETS),
    Attack("secret in a projected volume", _volume({"projected": {"sources": [{"secret": {"name": "engine-key"}}]}}), _CONFIG, _SECRETS),
    Attack("label of an engine", _with_labels({"llmplat.dev/role": "engine", "llmplat.dev/model": "writer"}), _with_labels({"app": "mine"}), _PLATFORM),
    Attack("label of the gateway", _with_labels({"llmplat.dev/role": "gateway"}), _with_labels({"role": "gateway"}), _PLATFORM),
)  # fmt: skip
