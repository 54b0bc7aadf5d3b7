"""Small Kubernetes objects that the cluster tests make by hand."""

from typing import Any

Object = dict[str, Any]
IMAGE = "registry.example.com/app@sha256:" + "a" * 64
_SAFE = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def namespace(name: str, **labels: str) -> Object:
    """A namespace."""
    meta = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def container(name: str = "main", *, gpus: int = 0, resource: str = "nvidia.com/gpu") -> Object:
    """A container that Pod Security restricted lets pass; with `gpus` of a GPU resource."""
    made: Object = {
        "name": name,
        "image": IMAGE,
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "128Mi"},
        },
        "securityContext": dict(_SAFE),
    }
    if gpus:
        made["resources"]["limits"][resource] = str(gpus)
        made["resources"]["requests"][resource] = str(gpus)
    return made


def pod(name: str, space: str, *containers: Object, **meta: dict[str, str]) -> Object:
    """A pod of `containers` (one small one when none is given); labels, annotations by keyword."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, **meta},
        "spec": pod_spec(*containers),
    }


def pod_spec(*containers: Object) -> Object:
    """What a pod of `containers` is."""
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "containers": list(containers) or [container()],
    }


def deployment(
    name: str,
    space: str,
    *containers: Object,
    replicas: int = 1,
    labels: dict[str, str] | None = None,
    pod_labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> Object:
    """A Deployment; `labels` are its own, `pod_labels` and `annotations` those of its pods."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": space, "labels": labels or {}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {
                    "labels": {"app": name, **(pod_labels or {})},
                    "annotations": annotations or {},
                },
                "spec": pod_spec(*containers),
            },
        },
    }
