"""Attacks past one's rights: other people's objects, the platform's own, the way it is delivered."""

from typing import Any

from tests.cluster.attacks.case import OTHER_SPACE, SPACE, Attack, Attacker, fresh
from tests.cluster.attacks.gpus import gpu_pod
from tests.cluster.plane.client import Object, RefusedError
from tests.cluster.plane.samples import deployment, pod

_KUEUE = "kueue.x-k8s.io/v1beta2"
_ARGO = "argoproj.io/v1alpha1"
_NETWORK = "networking.k8s.io/v1"
_ADMISSION = "admissionregistration.k8s.io/v1"


def _thing(api: str, kind: str, name: str, space: str | None = SPACE, **body: Any) -> Object:
    place = {"namespace": space} if space else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **place}, **body}


def _make(api: str, kind: str, space: str | None = SPACE, **body: Any) -> Any:
    return lambda attacker: attacker.make(_thing(api, kind, fresh("mine"), space, **body))


def _change(api: str, kind: str, name: str, change: Object, space: str | None = SPACE) -> Any:
    """A change that is tried for real but not kept, since it is to somebody else's object."""

    def act(attacker: Attacker) -> None:
        thing = _thing(api, kind, name, space)
        attacker.client.ask(
            "PATCH",
            attacker.client.path_of(thing),
            params={"dryRun": "All"},
            json=change,
            headers={"content-type": "application/merge-patch+json"},
        )

    return act


def _delete(api: str, kind: str, name: str, space: str | None = SPACE) -> Any:
    def act(attacker: Attacker) -> None:
        path = attacker.client.path_of(_thing(api, kind, name, space))
        attacker.client.ask("DELETE", path, params={"dryRun": "All"})

    return act


def _read(api: str, kind: str, name: str = "", space: str | None = SPACE) -> Any:
    return lambda attacker: attacker.read(api, kind, name, space)


def _own_deployment(attacker: Attacker) -> None:
    made = attacker.make(deployment(fresh("mine"), SPACE))
    thing = {"apiVersion": "apps/v1", "kind": "Deployment", **made}
    attacker.change(thing, {"spec": {"replicas": 2}})


def _scale(attacker: Attacker) -> None:
    path = attacker.client.path_of(_thing("apps/v1", "Deployment", "engine-writer"), "/scale")
    attacker.client.ask(
        "PATCH",
        path,
        params={"dryRun": "All"},
        content='{"spec": {"replicas": 9}}',
        headers={"content-type": "application/merge-patch+json"},
    )


def _own_pod_gone(attacker: Attacker) -> None:
    made = attacker.make(pod(fresh("mine"), SPACE))
    attacker.client.delete({"apiVersion": "v1", "kind": "Pod", **made})


def _exec(attacker: Attacker) -> None:
    made = attacker.make(pod(fresh("mine"), SPACE))
    path = attacker.client.path_of({"apiVersion": "v1", "kind": "Pod", **made}, "/exec")
    try:
        attacker.client.ask("POST", path, params={"command": "env", "stdout": "true"})
    except RefusedError as refused:
        # Nobody forbade it; only kwok's nodes have no kubelet that would run it.
        if refused.code == 403:
            raise


def _logs(attacker: Attacker) -> None:
    attacker.client.list("v1", "Event", SPACE)


def _token(attacker: Attacker) -> None:
    path = f"/api/v1/namespaces/{OTHER_SPACE}/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    attacker.client.ask("POST", path, json=body)


def _bind(attacker: Attacker) -> None:
    waiting = pod(fresh("mine"), SPACE)
    waiting["spec"]["schedulerName"] = "nobody"
    made = attacker.make(waiting)
    path = attacker.client.path_of({"apiVersion": "v1", "kind": "Pod", **made}, "/binding")
    target = {"apiVersion": "v1", "kind": "Node", "name": "l4-0"}
    meta = {key: made["metadata"][key] for key in ("name", "namespace")}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": meta, "target": target}
    attacker.client.ask("POST", path, json=body, params={"dryRun": "All"})


def _impersonate(attacker: Attacker) -> None:
    headers = {"Impersonate-User": "somebody", "Impersonate-Group": "system:masters"}
    path = f"/api/v1/namespaces/{OTHER_SPACE}/pods"
    attacker.client.ask("GET", path, headers=headers)


_APPLICATION = {
    "project": "llmplat-serving",
    "destination": {"server": "https://kubernetes.default.svc", "namespace": OTHER_SPACE},
    "source": {"repoURL": "https://git.example.com/mine.git", "path": "."},
}
_RULES = {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
_RBAC = ("rbac",)
_WALL = ("rbac", "policy:llmplat-platform-objects")
_GITOPS = ("rbac", "policy:llmplat-gitops")
_OWN_MAP = _make("v1", "ConfigMap", data={"a": "b"})

RIGHTS_ATTACKS = (
    Attack("read a secret", _read("v1", "Secret", "engine-key"), _read("v1", "ConfigMap"), _RBAC),
    Attack("list secrets", _read("v1", "Secret"), _read("v1", "ConfigMap"), _RBAC),
    Attack("list another team's pods", _read("v1", "Pod", space=OTHER_SPACE), _read("v1", "Pod"), _RBAC),
    Attack("enter a pod", _exec, _logs, ("rbac", "policy:llmplat-connect")),
    Attack("take another account's token", _token, _make("v1", "ServiceAccount"), _RBAC),
    Attack("act as an administrator", _impersonate, _read("v1", "Pod"), _RBAC),
    Attack("bind a pod to a node", _bind, lambda attacker: attacker.make(gpu_pod()), _RBAC),
    Attack("raise a quota", _change("v1", "ResourceQuota", "owner", {"spec": {"hard": {"pods": "9999"}}}), _read("v1", "ResourceQuota", "owner"), _WALL),
    Attack("a queue of one's own on another's quota", _make(_KUEUE, "LocalQueue", spec={"clusterQueue": "team-b"}), _read(_KUEUE, "LocalQueue", "models"), _WALL),
    Attack("take one's queue away", _delete(_KUEUE, "LocalQueue", "models"), _read(_KUEUE, "LocalQueue", "models"), _WALL),
    Attack("raise one's nominal quota", _change(_KUEUE, "ClusterQueue", "team-a", {"spec": {"cohortName": "mine"}}, None), _read(_KUEUE, "LocalQueue", "models"), _RBAC),
    Attack("make a priority class", _make("scheduling.k8s.io/v1", "PriorityClass", None, value=10_000_000), _OWN_MAP, _RBAC),
    Attack("tear down the wall", _delete(_NETWORK, "NetworkPolicy", "default-deny"), _read(_NETWORK, "NetworkPolicy", "default-deny"), _WALL),
    Attack("open a door in the wall", _make(_NETWORK, "NetworkPolicy", spec={"podSelector": {}, "ingress": [{}]}), _read(_NETWORK, "NetworkPolicy"), _WALL),
    Attack("a route of one's own", _make("gateway.networking.k8s.io/v1", "HTTPRoute", spec={"parentRefs": [{"name": "inference-gateway", "namespace": "inference-gateway"}]}), _make("v1", "Service", spec={"ports": [{"port": 80}]}), _WALL),
    Attack("a scaler of one's own", _make("keda.sh/v1alpha1", "ScaledObject", spec={"scaleTargetRef": {"name": "mine"}, "triggers": [{"type": "cpu", "metadata": {"value": "1"}}]}), _own_deployment, _WALL),
    Attack("delete an engine", _delete("apps/v1", "Deployment", "engine-writer"), _own_pod_gone, ("policy:llmplat-platform-objects",)),
    Attack("scale an engine", _scale, _own_deployment, _WALL),
    Attack("take over an engine's address", _change("v1", "Service", "engine-writer", {"spec": {"selector": {"app": "mine"}}}), _make("v1", "Service", spec={"ports": [{"port": 80}]}), ("policy:llmplat-platform-objects",)),
    Attack("lower the level of pod security", _change("v1", "Namespace", SPACE, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}, None), _OWN_MAP, _RBAC),
    Attack("a namespace of one's own", _make("v1", "Namespace", None), _OWN_MAP, _RBAC),
    Attack("more rights for oneself", _make("rbac.authorization.k8s.io/v1", "Role", **_RULES), _OWN_MAP, _RBAC),
    Attack("take a policy away", _delete(_ADMISSION, "ValidatingAdmissionPolicyBinding", "llmplat-gpu-queue", None), _OWN_MAP, _RBAC),
    Attack("change what a GPU is said to have", _change(_ADMISSION, "ValidatingAdmissionPolicy", "llmplat-gpu-fit", {"spec": {"validations": [{"expression": "true"}]}}, None), _OWN_MAP, _RBAC),
    Attack("widen a project", _change(_ARGO, "AppProject", "llmplat-serving", {"spec": {"sourceRepos": ["*"]}}, "argocd"), _OWN_MAP, _GITOPS),
    Attack("an Application of one's own", _make(_ARGO, "Application", "argocd", spec=_APPLICATION), _OWN_MAP, _GITOPS),
    Attack("a way in from outside", _make("v1", "Service", spec={"type": "LoadBalancer", "ports": [{"port": 80}]}), _make("v1", "Service", spec={"ports": [{"port": 80}]}), ("quota:owner",)),
    Attack("a port on every node", _make("v1", "Service", spec={"type": "NodePort", "ports": [{"port": 80}]}), _make("v1", "Service", spec={"ports": [{"port": 80}]}), ("quota:owner",)),
)  # fmt: skip
