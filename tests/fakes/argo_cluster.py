"""A FakeCluster with an Argo CD that will do, nodes, storage, secrets, and a root that makes its children."""

import base64
from collections.abc import Callable
from typing import Any

from llmplat.domain.cluster import Object, ObjectRef
from llmplat.plan.plan import Plan
from llmplat.render.health import health_scripts
from llmplat.render.tree import Tree
from tests.fakes.cluster import FakeCluster

ARGO = "argoproj.io/v1alpha1"


def ready_cluster(plan: Plan, **changes: Any) -> FakeCluster:
    """A cluster on which `plan` can come up."""
    assert plan.cluster is not None
    cluster = FakeCluster(version=f"v{plan.cluster.kubernetes}.1", **changes)
    cluster.put(
        thing("v1", "Namespace", "argocd"),
        thing("v1", "ConfigMap", "argocd-cm", "argocd", data=dict(health_scripts())),
        argocd_part("v3.2.1"),
        thing(
            "storage.k8s.io/v1",
            "StorageClass",
            "fast",
            annotations={"storageclass.kubernetes.io/is-default-class": "true"},
        ),
        thing("apps/v1", "DaemonSet", "cilium", "kube-system"),
    )
    for flavor in plan.cluster.workloads.queues.flavors:
        for number in range(max(1, flavor.supply // max(1, flavor.per_node))):
            name = f"{flavor.name}-{number}"
            cluster.put(node(name, flavor.per_node, dict(flavor.labels)))
    for secret in plan.cluster.workloads.secrets.secrets:
        value = base64.b64encode(b"value").decode()
        cluster.put(thing("v1", "Secret", secret.remote, "llmplat-secrets", data={"value": value}))
    return cluster


def play_argocd(cluster: FakeCluster, tree: Tree, load_yaml: Callable[[str], list[Object]]) -> None:
    """Make the children and call everything done, as a root that was applied would have it."""
    root = ObjectRef(ARGO, "Application", "argocd", "root")
    if root not in cluster.objects:
        return
    for file in tree.files:
        if file.path.startswith("root/") and file.path != "root/root.yaml":
            for one in load_yaml(file.content):
                cluster.put(_done(one) if one["kind"] == "Application" else one)
    cluster.put(_done(cluster.objects[root]))


def thing(api: str, kind: str, name: str, namespace: str | None = None, **body: Any) -> Object:
    """One object; labels and annotations go to its metadata."""
    metadata: Object = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    metadata |= {key: body.pop(key) for key in ("labels", "annotations") if key in body}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **body}


def node(name: str, gpus: int, labels: dict[str, str]) -> Object:
    """A node with GPUs."""
    status = {
        "allocatable": {"nvidia.com/gpu": str(gpus)} if gpus else {},
        "nodeInfo": {"containerRuntimeVersion": "containerd://2.1.4"},
    }
    return thing("v1", "Node", name, labels=labels, status=status, spec={})


def argocd_part(version: str, namespace: str = "argocd") -> Object:
    """The controller of an Argo CD."""
    name = "argocd-application-controller"
    container = {"name": "c", "image": f"quay.io/argoproj/argocd:{version}@sha256:{'0' * 64}"}
    spec = {"template": {"spec": {"containers": [container]}}}
    labels = {"app.kubernetes.io/name": name}
    return thing("apps/v1", "StatefulSet", name, namespace, labels=labels, spec=spec)


def _done(application: Object) -> Object:
    source = application["spec"]["source"]
    status = {
        "sync": {
            "status": "Synced",
            "revision": source.get("targetRevision"),
            "comparedTo": {"source": source},
        },
        "health": {"status": "Healthy"},
    }
    return {**application, "status": status, "metadata": dict(application["metadata"])}


def names_of(cluster: FakeCluster, kind: str) -> set[str]:
    """Names of all objects of a kind."""
    return {ref.name for ref in cluster.objects if ref.kind == kind}
