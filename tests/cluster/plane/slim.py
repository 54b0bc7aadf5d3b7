"""A control plane with Argo CD on which a real platform is up in seconds: its own objects, one chart, no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from llmplat.domain.cluster import ref_of
from llmplat.domain.inventory import Inventory, labels_of, manifest_of
from llmplat.render.tree import Tree
from tests.cluster.plane.argocd import API, NAMESPACE, applications, await_all_done, start_argocd
from tests.cluster.plane.argocd_settings import installed_settings
from tests.cluster.plane.client import Client, Object
from tests.cluster.plane.control_plane import ControlPlane, control_plane
from tests.cluster.plane.crds import platform_crds
from tests.cluster.plane.kueue import start_kueue
from tests.cluster.plane.mirrored import Workplace
from tests.cluster.plane.played import played_controllers
from tests.cluster.plane.publish import commit_tree, make_git
from tests.cluster.plane.rendered import HOME, Rendered, kueue_settings, render
from tests.cluster.plane.stand_ins import Mirror

EXAMPLE = "cluster-two-teams"
KEPT = ("namespaces", "external-secrets-config", "keda", "kueue-config", "model-writer",
        "inference-gateway", "route-writer", "counters", "litellm")  # fmt: skip
"""Applications of every layer; the rest are charts, and models like the one that is there."""
_GPUS = {"l4": {"nvidia.com/gpu.product": "NVIDIA-L4"}}


@dataclass
class SlimWorld:
    """The control plane, where trees are published, and a folder to run `llmplat` in."""

    plane: ControlPlane
    mirror: Mirror
    work: Workplace
    git: Path

    @property
    def admin(self) -> Client:
        return self.plane.admin

    def tree(self, profile: str = "llm-gateway") -> Rendered:
        """The example, less the Applications that the slim world leaves out."""
        gitops = {"git": {"url": f"file://{self.git}", "revision": "main", "path": "clusters/test"}}
        whole = render(EXAMPLE, profile, gitops=gitops)
        return replace(whole, tree=_slim(whole.tree))

    def bring_up(self, profile: str = "llm-gateway", timeout_s: float = 900) -> Rendered:
        """Publish, apply the root and what `up` makes beside the tree, wait until all is done."""
        rendered = self.tree(profile)
        for thing in (*commit_tree(rendered.tree, self.mirror, self.git), *_beside(rendered)):
            self.admin.apply(thing, manager="llmplat")
        await_all_done(self.admin, {"root", *rendered.applications}, timeout_s)
        return rendered

    def applications(self) -> dict[str, Object]:
        """All Applications by name."""
        return applications(self.admin)


def _slim(tree: Tree) -> Tree:
    def is_kept(path: str) -> bool:
        folder, _, rest = path.partition("/")
        if path.startswith("root/applications/"):
            return Path(path).stem in KEPT
        return folder != "apps" or rest.partition("/")[0].rpartition("-")[0] in KEPT

    return replace(tree, files=tuple(file for file in tree.files if is_kept(file.path)))


def _beside(rendered: Rendered) -> list[Object]:
    """The inventory and the repository's secret, as `up` leaves them."""
    labels = labels_of(rendered.tree.platform)
    secret: Object = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "llmplat-repository", "namespace": NAMESPACE, "labels": labels},
        "stringData": {"type": "git"},
    }
    system = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "llmplat-system", "labels": labels},
    }
    inventory = Inventory(
        rendered.tree.platform,
        profile=rendered.plan.profile,
        step="done",
        made=(ref_of(secret),),
        adopted=("argocd",),
    )
    return [system, secret, manifest_of(inventory)]


@contextmanager
def open_slim_world(folder: Path, crds: Path) -> Iterator[SlimWorld]:
    """All of it over `folder` until the block ends; skips where a program is missing."""
    (folder / "plane").mkdir()
    with (
        control_plane(folder / "plane", platform_crds(crds)) as plane,
        played_controllers(plane.admin),
    ):
        for name, labels in _GPUS.items():
            plane.add_nodes(2, gpus=8, labels=labels, prefix=name)
        start_kueue(plane, crds, kueue_settings(render(EXAMPLE, "llm-gateway")))
        start_argocd(plane, crds, installed_settings())
        mirror = Mirror("127.0.0.1:1", folder / "charts", crds)
        mirror.start()
        make_git(folder / "git")
        work = _workplace(folder / "work", folder / "git", plane.kubeconfig("llmplat"))
        try:
            yield SlimWorld(plane, mirror, work, folder / "git")
        finally:
            mirror.stop()


def _workplace(folder: Path, git: Path, kubeconfig: Path) -> Workplace:
    folder.mkdir()
    examples = HOME / "docs" / "examples"
    document: Object = yaml.safe_load((examples / f"{EXAMPLE}.yaml").read_text())
    document["substrate"]["cluster"]["context"] = "test"
    document["gitops"] = {
        "git": {"url": f"file://{git}", "revision": "main", "path": "clusters/test"}
    }
    (folder / "platform.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    lock = (examples / f"{EXAMPLE}.lock.yaml").read_text()
    (folder / "platform.lock.yaml").write_text(lock)
    (folder / "mirror.json").write_text("{}")
    return Workplace(folder, kubeconfig)


def application_of(admin: Client, name: str) -> Object | None:
    """One Application, None where it is gone."""
    return admin.find(API, "Application", name, NAMESPACE)
