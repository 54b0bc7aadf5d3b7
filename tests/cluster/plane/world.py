"""A control plane with Argo CD, a registry and a mirror of charts, on which trees are synced."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cluster.plane.argocd import API, NAMESPACE, is_done, oci_secret, start_argocd
from tests.cluster.plane.argocd_settings import installed_settings
from tests.cluster.plane.client import Client, Object
from tests.cluster.plane.control_plane import ControlPlane, control_plane
from tests.cluster.plane.crds import platform_crds
from tests.cluster.plane.furnish import remove
from tests.cluster.plane.kueue import start_kueue
from tests.cluster.plane.played import EVERY_S, played_controllers
from tests.cluster.plane.publish import commit_tree, make_git, push_tree
from tests.cluster.plane.rendered import (
    EXAMPLES,
    Rendered,
    kueue_settings,
    render,
    render_pages,
)
from tests.cluster.plane.stand_ins import AT_ONCE, LATER, VALUES, Mirror
from tests.fakes.real_registry import find_distribution, real_registry

REFRESH = "argocd.argoproj.io/refresh"
TRACKING = "argocd.argoproj.io/tracking-id"


@dataclass
class World:
    """A control plane with Argo CD, a registry, a mirror of charts, and what was seen of the waves."""

    plane: ControlPlane
    mirror: Mirror
    folder: Path
    seen: list[str] = field(default_factory=list)
    root: list[Object] = field(default_factory=list)
    things: list[Object] = field(default_factory=list)

    @property
    def admin(self) -> Client:
        return self.plane.admin

    def publish(self, rendered: Rendered, delivery: str) -> None:
        """Push the tree or commit it; `begin` applies its root."""
        self.things = [it for things in rendered.objects.values() for it in things]
        if delivery == "oci":
            self.root = push_tree(rendered.tree, self.mirror, self.folder / "cache")
        else:
            self.root = commit_tree(rendered.tree, self.mirror, self.folder / "git")

    def begin(self) -> None:
        """Apply the root and its project; of a root in git, which is as it was, have the commit looked at."""
        for thing in self.root:
            applied = self.admin.apply(thing)
            if thing["kind"] == "Application":
                self.admin.patch(applied, {"metadata": {"annotations": {REFRESH: "normal"}}})

    def start(self, rendered: Rendered, delivery: str) -> None:
        """Publish the tree and apply its root."""
        self.publish(rendered, delivery)
        self.begin()

    def look(self, found: dict[str, Object]) -> None:
        """Note Applications in the order in which they are first done and first there.

        What became done since the last look is noted before what was made since then.
        """
        done = [f"done {name}" for name, it in sorted(found.items()) if is_done(it)]
        made = [f"made {name}" for name in sorted(found)]
        self.seen += [it for it in (*done, *made) if it not in self.seen]

    def clear(self) -> None:
        """Remove everything but namespaces and CRDs; Argo CD is not asked, the state is disposable."""
        self.seen.clear()
        applications = self.admin.list(API, "Application", NAMESPACE)
        # Applications first: nobody must heal what is taken away.
        remove(self.plane, applications)
        projects = self.admin.list(API, "AppProject", NAMESPACE)
        remove(self.plane, [it for it in projects if it["metadata"]["name"] != "default"])
        remove(self.plane, self.things)
        for kind in ("Deployment", "StatefulSet", "DaemonSet"):
            for thing in self.admin.list("apps/v1", kind):
                if VALUES in thing["metadata"].get("annotations", {}):
                    self.admin.delete(thing)
        for space in self.admin.list("v1", "Namespace"):
            # What stays is nobody's now: Argo CD would ask whether to prune it.
            if TRACKING in space["metadata"].get("annotations", {}):
                self.admin.patch(space, {"metadata": {"annotations": {TRACKING: None}}})


@contextmanager
def open_world(
    folder: Path, crds: Path, wave_delay_s: int = 0, *, is_ready_at_once: bool = False
) -> Iterator[World]:
    """All of it over `folder` until the block ends; skips where a program is missing.

    Stand-ins get ready after a second and what is played within another, or both at once.
    """
    program = find_distribution()
    if program is None:
        pytest.skip("no Distribution 3.1.1 here and no Go to build it")
    for name in ("registry", "plane"):
        (folder / name).mkdir()
    with (
        real_registry(program, folder / "registry") as registry,
        control_plane(folder / "plane", platform_crds(crds)) as plane,
        played_controllers(plane.admin, 0.2 if is_ready_at_once else EVERY_S),
    ):
        for name, labels in _node_labels().items():
            plane.add_nodes(2, gpus=8, labels=labels, prefix=name)
        start_kueue(plane, crds, kueue_settings(render(EXAMPLES[1], "serving")))
        start_argocd(plane, crds, installed_settings(), wave_delay_s)
        mirror = Mirror(
            registry.address,
            folder / "charts",
            crds,
            pace=AT_ONCE if is_ready_at_once else LATER,
        )
        mirror.start()
        make_git(folder / "git")
        for thing in _repositories(registry.address):
            plane.admin.apply(thing)
        try:
            yield World(plane, mirror, folder)
        finally:
            mirror.stop()


def _node_labels() -> dict[str, dict[str, str]]:
    """Nodes on which the GPUs of the examples are, by the labels their flavors ask for."""
    found: dict[str, dict[str, str]] = {}
    for example in EXAMPLES:
        for flavor in render(example, "serving").of_kind("ResourceFlavor"):
            name = f"{example}-{flavor['metadata']['name']}"
            found[name] = flavor["spec"].get("nodeLabels", {})
    return found


def _repositories(registry: str) -> list[Object]:
    charts = {
        it["spec"]["source"]["repoURL"].rpartition("/")[2]
        for it in render_pages().applications.values()
        if "helm" in it["spec"]["source"] and it["spec"]["source"]["repoURL"].startswith("oci://")
    }
    names = ["platform", *(f"charts/{name}" for name in sorted(charts))]
    return [
        oci_secret(f"repo-{number}", f"oci://{registry}/{name}")
        for number, name in enumerate(names)
    ]


def gitops_of(world: World, delivery: str) -> Object:
    """What the platform file says of the registry or of the git repository of this world."""
    if delivery == "oci":
        return {"oci": {"repository": f"{world.mirror.registry}/platform"}}
    url = f"file://{world.folder / 'git'}"
    return {"git": {"url": url, "revision": "main", "path": "clusters/test"}}
