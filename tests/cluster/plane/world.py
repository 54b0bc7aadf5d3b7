"""A control plane with Argo CD, a registry and a mirror of charts, on which trees are synced."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cluster.plane.argocd import API, NAMESPACE, REFRESH, is_done, oci_secret, start_argocd
from tests.cluster.plane.argocd_settings import installed_settings
from tests.cluster.plane.client import Client, Object, RefusedError
from tests.cluster.plane.control_plane import ControlPlane, control_plane
from tests.cluster.plane.crds import platform_crds
from tests.cluster.plane.furnish import remove
from tests.cluster.plane.kueue import start_kueue
from tests.cluster.plane.played import EVERY_S, played_controllers
from tests.cluster.plane.process import wait_until
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

TRACKING = "argocd.argoproj.io/tracking-id"


@dataclass
class World:
    """A control plane with Argo CD, a registry, a mirror of charts, and what was seen of the waves."""

    plane: ControlPlane
    mirror: Mirror
    folder: Path
    seen: list[str] = field(default_factory=list)
    since: str = ""
    """The version of Applications up to which they were looked at."""
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
        self.since = self.admin.version(API, "Application", NAMESPACE)
        for thing in self.root:
            applied = self.admin.apply(thing)
            if thing["kind"] == "Application":
                self.admin.patch(applied, {"metadata": {"annotations": {REFRESH: "normal"}}})

    def start(self, rendered: Rendered, delivery: str) -> None:
        """Publish the tree and apply its root."""
        self.publish(rendered, delivery)
        self.begin()

    def look(self, found: dict[str, Object]) -> None:
        """Note Applications in the order in which they are first there and first done.

        Every change since the last look is gone through: a list alone would not tell what was done
        for a moment. It is all that is left where the API server no longer knows the changes.
        """
        changes: Iterable[Object]
        try:
            changes, self.since = self.admin.changes(API, "Application", NAMESPACE, self.since)
        except RefusedError as refused:
            if refused.code != 410:
                raise
            self.since = self.admin.version(API, "Application", NAMESPACE)
            changes = sorted(found.values(), key=is_done, reverse=True)
        for it in changes:
            name = it["metadata"]["name"]
            words = (f"made {name}", f"done {name}") if is_done(it) else (f"made {name}",)
            self.seen += [word for word in words if word not in self.seen]

    def await_seen(self, names: set[str]) -> None:
        """Look on until each of `names` was seen to be done: the changes come later than a list."""

        def is_seen() -> bool:
            self.look({})
            return {f"done {name}" for name in names} <= set(self.seen)

        wait_until("what is done was seen", is_seen)

    def _is_idle(self) -> bool:
        """Whether no sync would go on making what is taken away."""
        found = self.admin.list(API, "Application", NAMESPACE)
        states = [(it.get("status") or {}).get("operationState") or {} for it in found]
        return all(it.get("phase") != "Running" for it in states)

    def clear(self) -> None:
        """Remove everything but namespaces and CRDs; Argo CD is not asked, the state is disposable."""
        self.seen.clear()
        wait_until("no sync runs", self._is_idle)
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
