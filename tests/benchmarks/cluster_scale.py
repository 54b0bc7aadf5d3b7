"""Measures `status` on a control plane with many nodes, models and tenants.

    python -m tests.benchmarks.cluster_scale FOLDER --crds DIR [--nodes 1000] [--models 200] [--tenants 50]

Applications, Deployments, pods and queues are made as Argo CD and Kueue would leave them; neither runs.
Figures are of this machine; the control plane takes about 2 GB.
"""

import argparse
import statistics
import time
from pathlib import Path

from llmplat.adapters.kube_cluster import open_cluster
from llmplat.observe.cluster_status import make_cluster_status
from tests.cluster.plane.control_plane import ControlPlane, control_plane, load_crds

PLATFORM = {"llmplat.dev/platform": "large"}
SOURCE = {"repoURL": "oci://registry.example.com/large", "path": ".", "targetRevision": "sha256:0"}


def main() -> None:
    """Print how long each takes, the median of five."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("folder", type=Path)
    words.add_argument("--crds", type=Path, required=True)
    for name, count in (("nodes", 1000), ("models", 200), ("tenants", 50)):
        words.add_argument(f"--{name}", type=int, default=count)
    wish = words.parse_args()
    wish.folder.mkdir(parents=True, exist_ok=True)
    with control_plane(wish.folder) as plane:
        fill(plane, wish)
        cluster = open_cluster("test", {"KUBECONFIG": str(plane.kubeconfig("bench"))})
        took = []
        for _ in range(5):
            began = time.monotonic()
            report = make_cluster_status(cluster, "large")
            took.append(time.monotonic() - began)
        shape = f"{wish.nodes} nodes, {len(report.models)} models, {len(report.queues)} queues"
        print(f"status: {statistics.median(took):.2f} s ({shape}), of {sorted(took)}")


def fill(plane: ControlPlane, wish: argparse.Namespace) -> None:
    """The objects that `status` reads."""
    argocd = [
        it for it in load_crds(wish.crds, "argo-cd") if "applications." in it["metadata"]["name"]
    ]
    queues = [
        it for it in load_crds(wish.crds, "kueue") if "clusterqueues" in it["metadata"]["name"]
    ]
    plane.install([*argocd, *queues])
    plane.add_nodes(wish.nodes, gpus=8)
    names = ["argocd", *(f"models-team-{number}" for number in range(wish.tenants))]
    for name in names:
        plane.admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for number in range(wish.tenants):
        plane.admin.apply(_queue(number))
    for number in range(wish.models):
        plane.admin.apply(_application(number))
        plane.admin.apply(_deployment(number, number % wish.tenants))


def _queue(number: int) -> dict:
    return {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "ClusterQueue",
        "metadata": {"name": f"team-{number}", "labels": PLATFORM},
        "spec": {"namespaceSelector": {}},
    }


def _application(number: int) -> dict:
    spec = {
        "project": "llmplat-serving",
        "source": SOURCE,
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "argocd"},
    }
    status = {
        "sync": {
            "status": "Synced",
            "comparedTo": {"source": SOURCE, "destination": spec["destination"]},
        },
        "health": {"status": "Healthy"},
    }
    metadata = {"name": f"model-{number}", "namespace": "argocd", "labels": PLATFORM}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def _deployment(number: int, tenant: int) -> dict:
    labels = {
        **PLATFORM,
        "llmplat.dev/role": "engine",
        "llmplat.dev/model": f"model-{number}",
        "llmplat.dev/owner": f"team-{tenant}",
    }
    container = {
        "name": "engine",
        "image": "engine",
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": f"engine-{number}",
            "namespace": f"models-team-{tenant}",
            "labels": labels,
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


if __name__ == "__main__":
    main()
