"""A whole platform on GKE from the shell's side: Google, Pulumi's tool, the cluster and a registry played.

Google's fake obeys the discovery documents, Pulumi's event logs are built from its own classes, the
cluster is in memory behind HTTPS. Nothing here was recorded from the cloud.
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from llmplat.apply.secrets import wanted_secrets
from llmplat.catalog.cloud import load_cloud
from llmplat.cli.wiring import catalog
from llmplat.cli.wiring_cluster import load_yaml
from llmplat.domain.cluster import Object, ObjectRef
from llmplat.plan.gke.gke_plan import inputs_of
from llmplat.plan.gke.needs import cloud_needs
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.render.tree import Tree, make_tree
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock
from tests.cloud.projects import good_project
from tests.cloud.pulumi_seat import HOME, Seat, pulumi_python
from tests.fakes.argo_cluster import ARGO, play_argocd, thing
from tests.fakes.cluster import ARGO_CD, FakeCluster, served_by
from tests.fakes.google import FakeProject

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NAME = "smallest"
LOGIN = "robot:pa55word-of-the-registry"
KUEUE = ("kueue.x-k8s.io/v1beta2", "ClusterQueue", "clusterqueues", False)
KEDA = ("keda.sh/v1alpha1", "ScaledObject", "scaledobjects", True)


@dataclass
class GkeWorld:
    """What stands around one run of llmplat; tests change it to make it lack things."""

    folder: Path
    repository: str
    """HOST/PATH of the registry for manifests."""
    document: dict[str, Any] = field(init=False)
    plan: Plan = field(init=False)
    tree: Tree = field(init=False)
    project: FakeProject = field(init=False)
    cluster: FakeCluster = field(init=False)
    seat: Seat = field(init=False)
    address: str = ""
    """Of the API server."""
    is_argocd_well: bool = True
    is_synced: bool = False

    def __post_init__(self) -> None:
        self.document = yaml.safe_load((EXAMPLES / "gke-smallest.yaml").read_text())
        self.document["gitops"]["oci"] = {"repository": self.repository, "keySecret": "manifests"}
        self.save()
        lock = (EXAMPLES / "gke-smallest.lock.yaml").read_text()
        (self.folder / "platform.lock.yaml").write_text(lock)
        platform = parse_platform(yaml.safe_dump(self.document), "platform.yaml").platform
        self.plan = make_plan(platform, parse_lock(lock, "lock"), catalog())
        self.tree = make_tree(self.plan, catalog())
        needs = cloud_needs(inputs_of(platform, self.plan.cluster, catalog()), load_cloud())
        self.project = good_project(needs)
        for one in wanted_secrets(self.plan):
            self.project.secrets[one.remote] = {"name": f"projects/1/secrets/{one.remote}"}
        self.project.values["smallest-manifests"] = [LOGIN.encode()]
        self.project.node_pools["l4"] = {
            "name": "l4",
            "autoscaling": {"enabled": True, "totalMinNodeCount": 0, "totalMaxNodeCount": 1},
        }
        self.cluster = bare_cluster(self.plan)
        self.seat = Seat(self.folder)

    def save(self) -> None:
        """The platform file as the document is now."""
        (self.folder / "platform.yaml").write_text(yaml.safe_dump(self.document, sort_keys=False))

    def play(self, endpoint: str, **acts: Any) -> None:
        """Pulumi's tool: a cluster at `endpoint`, unless told otherwise."""
        outputs = {"clusterName": NAME, "clusterLocation": "us-central1-a",
                   "clusterEndpoint": endpoint}  # fmt: skip
        played = {
            "preview": {"log": "success"},
            "up": {"log": "success"},
            "up bootstrap": {"log": "bootstrap"},
            "destroy": {"log": "destroy"},
            "refresh": {"log": "refresh"},
            "stack output": {"outputs": outputs},
            "stack export": {"resources": [state_of("gcp:container/cluster:Cluster", NAME)]},
            **{name.replace("_", " "): act for name, act in acts.items()},
        }
        self.seat.play(**played)

    def tick(self) -> None:
        """What happens beside us: Pulumi's release brings Argo CD up, Argo CD syncs the root."""
        done = [(call["verb"], call["program"]) for call in self.seat.calls]
        there = ObjectRef("v1", "Namespace", None, "argocd") in self.cluster.objects
        if ("up", "bootstrap") in done and not there:
            self.cluster.put(*argocd_parts())
            self.cluster.served += [one for one in ARGO_CD if one not in self.cluster.served]
        root = ObjectRef(ARGO, "Application", "argocd", "root")
        if root in self.cluster.objects and self.is_argocd_well and not self.is_synced:
            self.is_synced = True
            self._sync()

    def _sync(self) -> None:
        """Everything of the tree is there and well."""
        files = [file for file in self.tree.files if file.path.startswith("apps/")]
        held = [one for file in files for one in load_yaml(file.content)]
        known = {(api, kind) for api, kind, _, _ in self.cluster.served}
        self.cluster.served += [one for one in served_by(*held) if one[:2] not in known]
        for one in held:
            replicas = (one.get("spec") or {}).get("replicas")
            if one["kind"] in {"Deployment", "StatefulSet"} and replicas:
                one["status"] = {"readyReplicas": replicas, "availableReplicas": replicas}
        self.cluster.put(*held)
        play_argocd(self.cluster, self.tree, load_yaml)

    @property
    def login(self) -> dict[str, str]:
        """What Argo CD reads the repository with."""
        ref = ObjectRef("v1", "Secret", "argocd", "llmplat-repository")
        data = self.cluster.objects[ref]["data"]
        return {key: base64.b64decode(text).decode() for key, text in data.items()}


def bare_cluster(plan: Plan) -> FakeCluster:
    """As GKE leaves it: nodes, storage, Dataplane V2, nothing of ours and no Argo CD."""
    assert plan.cluster is not None
    cluster = FakeCluster(version=f"v{plan.cluster.kubernetes}.1-gke.200")
    cluster.served = [one for one in cluster.served if one not in ARGO_CD] + [KUEUE, KEDA]
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    cluster.put(
        thing("storage.k8s.io/v1", "StorageClass", "standard-rwo", annotations=default),
        thing("apps/v1", "DaemonSet", "anetd", "kube-system"),
    )
    return cluster


def argocd_parts() -> tuple[Object, ...]:
    """An Argo CD that runs, as its chart makes it."""
    made = [thing("v1", "Namespace", "argocd")]
    for kind, name in (("StatefulSet", "argocd-application-controller"),
                       ("Deployment", "argocd-repo-server")):  # fmt: skip
        container = {"name": "c", "image": "quay.io/argoproj/argocd:v3.2.1"}
        labels = {"app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/name": name}
        spec = {"replicas": 1, "template": {"spec": {"containers": [container]}}}
        made.append(
            thing("apps/v1", kind, name, "argocd", labels=labels, spec=spec,
                  status={"readyReplicas": 1})
        )  # fmt: skip
    return tuple(made)


def state_of(kind: str, name: str) -> dict[str, Any]:
    """A resource as Pulumi's state has it."""
    urn = f"urn:pulumi:{name}::llmplat-gke::{kind}::{name}"
    return {"urn": urn, "type": kind, "custom": True, "inputs": {"deletionProtection": True}}


def key_file(folder: Path, project: FakeProject, private_key: str) -> Path:
    """A service account's key whose sign-in is the fake's."""
    account = {
        "type": "service_account",
        "project_id": project.id,
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": f"ci@{project.id}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{project.address}/token",
    }
    path = folder / "key.json"
    path.write_text(json.dumps(account))
    return path


def environment_of(world: GkeWorld, private_key: str) -> dict[str, str]:
    """What leads llmplat to the stand-ins."""
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": str(key_file(world.folder, world.project, private_key)),
        "LLMPLAT_GOOGLE_ENDPOINT": world.project.address,
        "LLMPLAT_GKE_PYTHON": pulumi_python(),
        "LLMPLAT_PULUMI": str(world.folder / "tool" / "bin" / "pulumi"),
        "FAKE_PULUMI": str(world.folder),
        "NO_GCE_CHECK": "true",
        # The credential plug-in is a child of ours, in a folder without the checkout.
        "PYTHONPATH": str(HOME),
    }
