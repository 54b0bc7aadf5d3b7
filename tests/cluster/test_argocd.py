"""Argo CD itself syncs the root of each profile, from an OCI artifact and from git, wave after wave."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from llmplat.render.health import health_scripts
from tests.cluster.plane.argocd import (
    API,
    applications,
    await_all_done,
    describe,
    is_done,
    oci_secret,
    start_argocd,
    state,
)
from tests.cluster.plane.client import Client, Object
from tests.cluster.plane.control_plane import ControlPlane, control_plane
from tests.cluster.plane.kueue import start_kueue
from tests.cluster.plane.played import played_controllers
from tests.cluster.plane.publish import commit_tree, make_git, push_tree
from tests.cluster.plane.rendered import PROFILES, Rendered, render
from tests.cluster.plane.stand_ins import VALUES, Mirror
from tests.fakes.real_registry import find_distribution, real_registry

WAVE = "argocd.argoproj.io/sync-wave"


@dataclass
class World:
    """A control plane with Argo CD, a registry, a mirror of charts, and what was seen of the waves."""

    plane: ControlPlane
    mirror: Mirror
    folder: Path
    seen: list[str] = field(default_factory=list)

    @property
    def admin(self) -> Client:
        return self.plane.admin

    def start(self, rendered: Rendered, delivery: str) -> None:
        """Publish the tree and apply its root."""
        if delivery == "oci":
            things = push_tree(rendered.tree, self.mirror, self.folder / "cache")
        else:
            things = commit_tree(rendered.tree, self.mirror, self.folder / "git")
        for thing in things:
            self.admin.apply(thing)

    def look(self, found: dict[str, Object]) -> None:
        """Note Applications in the order in which they are first there and first done."""
        for name, application in sorted(found.items()):
            for word, holds in (("made", True), ("done", is_done(application))):
                if holds and f"{word} {name}" not in self.seen:
                    self.seen.append(f"{word} {name}")

    def clear(self) -> None:
        """Remove everything of the platform; Argo CD is not asked, the state is disposable."""
        self.seen.clear()
        for kind in ("Application", "AppProject"):
            for thing in self.admin.list(API, kind, "argocd"):
                if thing["metadata"]["name"] != "default":
                    self.admin.patch(thing, {"metadata": {"finalizers": None}})
                    self.admin.delete(thing)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, crds: Path) -> Iterator[World]:
    program = find_distribution()
    if program is None:
        pytest.skip("no Distribution 3.1.1 here and no Go to build it")
    folder = tmp_path_factory.mktemp("argo")
    (folder / "registry").mkdir()
    with (
        real_registry(program, folder / "registry") as registry,
        control_plane(tmp_path_factory.mktemp("argo-plane")) as plane,
        played_controllers(plane.admin),
    ):
        for name, labels in _node_labels().items():
            plane.add_nodes(2, gpus=8, labels=labels, prefix=name)
        start_kueue(plane, crds)
        start_argocd(plane, crds, health_scripts())
        mirror = Mirror(registry.address, folder / "charts", crds)
        mirror.start()
        make_git(folder / "git")
        for thing in _repositories(registry.address, mirror):
            plane.admin.apply(thing)
        try:
            yield World(plane, mirror, folder)
        finally:
            mirror.stop()


def _node_labels() -> dict[str, dict[str, str]]:
    """Nodes on which the GPUs of the examples are, by the labels their flavors ask for."""
    found: dict[str, dict[str, str]] = {}
    for example in ("cluster-smallest", "cluster-two-teams", "cluster-production"):
        for flavor in render(example, "serving").of_kind("ResourceFlavor"):
            found[flavor["metadata"]["name"]] = flavor["spec"].get("nodeLabels", {})
    return found


def _repositories(registry: str, mirror: Mirror) -> list[Object]:
    rendered = render("cluster-two-teams", "full")
    charts = {
        it["spec"]["source"]["repoURL"].rpartition("/")[2]
        for it in rendered.applications.values()
        if "helm" in it["spec"]["source"] and it["spec"]["source"]["repoURL"].startswith("oci://")
    }
    names = ["platform", *(f"charts/{name}" for name in sorted(charts))]
    return [
        oci_secret(f"repo-{number}", f"oci://{registry}/{name}")
        for number, name in enumerate(names)
    ]


def _gitops(world: World, delivery: str) -> Object:
    if delivery == "oci":
        return {"oci": {"repository": f"{world.mirror.registry}/platform"}}
    url = f"file://{world.folder / 'git'}"
    return {"git": {"url": url, "revision": "main", "path": "clusters/test"}}


@pytest.mark.parametrize("delivery", ["oci", "git"])
@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_syncs_in_order(world: World, profile: str, delivery: str) -> None:
    rendered = render("cluster-two-teams", profile, gitops=_gitops(world, delivery))
    wanted = rendered.applications
    started_s = time.monotonic()
    world.start(rendered, delivery)
    done = await_all_done(world.admin, {"root", *wanted}, 240, world.look)
    print(f"{profile} from {delivery}: {len(wanted)} in {time.monotonic() - started_s:.1f} s")
    _assert_order(world.seen, wanted)
    _assert_values(world.admin, wanted)
    if delivery == "oci":
        _assert_digests(done, wanted)
    world.clear()


def _assert_order(seen: list[str], wanted: dict[str, Object]) -> None:
    """Nothing is made before everything of all lower waves is done."""
    for name, application in wanted.items():
        made = seen.index(f"made {name}")
        for other, below in wanted.items():
            if _wave(below) < _wave(application):
                assert seen.index(f"done {other}") < made, f"{name} did not wait for {other}"


def _assert_values(admin: Client, wanted: dict[str, Object]) -> None:
    """What Argo CD gave a chart is what was rendered for it."""
    checked = 0
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for thing in admin.list("apps/v1", kind):
            values = thing["metadata"].get("annotations", {}).get(VALUES)
            if values is not None:
                component = thing["metadata"]["name"].removeprefix("stand-in-")
                helm = wanted[component]["spec"]["source"]["helm"]
                assert json.loads(values) == helm["valuesObject"], component
                checked += 1
    assert checked > 0


def _assert_digests(done: dict[str, Object], wanted: dict[str, Object]) -> None:
    """What was synced has the digest that was computed offline."""
    for name, application in wanted.items():
        if "helm" not in application["spec"]["source"]:
            digest = application["spec"]["source"]["targetRevision"]
            assert done[name]["status"]["sync"]["revision"] == digest


def test_a_child_that_never_gets_ready_stops_the_next_wave(world: World) -> None:
    world.mirror.never_ready = frozenset({"cert-manager"})
    rendered = render("cluster-two-teams", "serving", gitops=_gitops(world, "oci"))
    held = _wave(rendered.applications["cert-manager"])
    world.start(rendered, "oci")
    world.mirror.never_ready = frozenset()
    same = {name for name, it in rendered.applications.items() if _wave(it) <= held}
    _await(lambda: same <= set(applications(world.admin)))
    _watch(world, lambda found: _is_held(found, rendered, held), for_s=8)
    # Let go, and the rest follows: nothing else had been in the way.
    world.start(rendered, "oci")
    await_all_done(world.admin, {"root", *rendered.applications}, 240)
    world.clear()


def _is_held(found: dict[str, Object], rendered: Rendered, held: int) -> bool:
    later = {name for name, it in rendered.applications.items() if _wave(it) > held}
    return not later & set(found) and state(found["cert-manager"])[1] != "Healthy"


def test_a_change_of_content_goes_through_the_waves_again(world: World) -> None:
    first = render("cluster-two-teams", "serving", gitops=_gitops(world, "oci"))
    world.start(first, "oci")
    await_all_done(world.admin, {"root", *first.applications}, 240)
    second = render("cluster-two-teams", "serving", gitops=_gitops(world, "oci"), name="renamed")
    changed = [
        name
        for name, it in second.applications.items()
        if it["spec"]["source"] != first.applications[name]["spec"]["source"]
    ]
    assert len(changed) > 2
    before = _revisions(applications(world.admin))
    order: list[str] = []

    def look(found: dict[str, Object]) -> None:
        for name in changed:
            if name not in order and _revisions(found).get(name) != before[name]:
                order.append(name)

    world.start(second, "oci")
    wanted = {it: second.applications[it]["spec"]["source"]["targetRevision"] for it in changed}
    _await(
        lambda: (
            look(found := applications(world.admin)) is None
            and all(_revisions(found).get(it) == wanted[it] for it in changed)
            and all(is_done(it) for it in found.values())
        ),
        timeout_s=240,
    )
    waves = [_wave(second.applications[name]) for name in order]
    assert waves == sorted(waves), list(zip(order, waves, strict=True))
    world.clear()


def _revisions(found: dict[str, Object]) -> dict[str, str]:
    return {
        name: ((it.get("status") or {}).get("sync") or {}).get("revision", "")
        for name, it in found.items()
    }


def _watch(world: World, holds, for_s: float) -> None:
    end_s = time.monotonic() + for_s
    while time.monotonic() < end_s:
        found = applications(world.admin)
        assert holds(found), [describe(it) for it in found.values()]
        time.sleep(0.3)


def _await(is_there, timeout_s: float = 120) -> None:
    end_s = time.monotonic() + timeout_s
    while not is_there():
        assert time.monotonic() < end_s, "it did not come"
        time.sleep(0.3)


def _wave(application: Object) -> int:
    return int(application["metadata"]["annotations"][WAVE])
