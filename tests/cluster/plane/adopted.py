"""What `up` expects of a cluster that is there: Argo CD's workloads, kinds that are ours, secrets."""

from collections.abc import Iterable

from tests.cluster.plane.argocd import NAMESPACE
from tests.cluster.plane.client import Client, Object

ARGO_CD = "quay.io/argoproj/argocd:v3.2.11"
"""The version that runs here as processes; these pods are only its name plate."""
SECRETS = "llmplat-secrets"
VALUE = "for-tests-only"
"""Of every secret."""


def furnish_for_up(admin: Client, platform: str, secrets: Iterable[str]) -> None:
    """Argo CD runs as processes, and the plane begins with all kinds: say so where `up` looks."""
    for name in ("argocd-application-controller", "argocd-repo-server"):
        admin.apply(_name_plate(name))
    for crd in admin.list("apiextensions.k8s.io/v1", "CustomResourceDefinition"):
        if crd["spec"]["group"] != "argoproj.io":
            admin.patch(crd, {"metadata": {"labels": {"llmplat.dev/platform": platform}}})
    admin.apply(_namespace(SECRETS))
    admin.apply(_storage_class())
    for name in secrets:
        admin.apply(secret(name))


def secret(name: str) -> Object:
    """One secret of the backend, as `llmplat secrets seed` would make it."""
    metadata = {"name": name, "namespace": SECRETS}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "stringData": {"value": VALUE},
    }


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _storage_class() -> Object:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "played", "annotations": annotations},
        "provisioner": "test.llmplat.dev/played",
    }


def _name_plate(name: str) -> Object:
    labels = {"app.kubernetes.io/name": name}
    pod = {"containers": [{"name": name, "image": ARGO_CD}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
