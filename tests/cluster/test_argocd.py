"""Argo CD itself syncs the root of each profile, from an OCI artifact and from git, wave after wave."""

import functools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from llmplat.domain.manifest import Manifest as File
from llmplat.render.artifact import make_artifact
from tests.cluster.plane.argocd import (
    API,
    NAMESPACE,
    applications,
    await_all_done,
    describe,
    end_older_syncs,
    is_done,
    state,
)
from tests.cluster.plane.client import Client, Object
from tests.cluster.plane.furnish import remove
from tests.cluster.plane.publish import push_artifact
from tests.cluster.plane.rendered import PROFILES, Rendered, render, render_pages
from tests.cluster.plane.stand_ins import VALUES
from tests.cluster.plane.world import World, gitops_of, open_world

WAVE = "argocd.argoproj.io/sync-wave"
_DONE_S = 600
"""A minute or two on two idle cores."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, crds: Path) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("world"), crds) as opened:
        yield opened


@pytest.mark.parametrize(
    ("example", "profiles", "delivery"),
    [
        ("cluster-smallest", PROFILES, "oci"),
        ("cluster-two-teams", PROFILES, "oci"),
        ("cluster-production", PROFILES, "git"),
        ("cluster-production", ("full",), "oci"),
    ],
)
def test_an_example_syncs_in_order(
    world: World, example: str, profiles: tuple[str, ...], delivery: str
) -> None:
    """From nothing to its first profile, then on from profile to profile as a user would grow it."""
    for profile in profiles:
        rendered = render(example, profile, gitops=gitops_of(world, delivery))
        _sync(world, rendered, delivery, f"{example} {profile}")
    world.clear()


def test_everything_that_people_touch_syncs_in_order(world: World) -> None:
    """Doors, apps, the console, spans and the record of requests, on top of the whole platform."""
    rendered = render_pages(gitops_of(world, "oci"))
    _sync(world, rendered, "oci", "the pages")
    world.clear()


def _sync(world: World, rendered: Rendered, delivery: str, words: str) -> None:
    """Start it, see it done, and hold what came of it against what was rendered."""
    wanted = rendered.applications
    started_s = time.monotonic()
    world.start(rendered, delivery)
    done = await_all_done(world.admin, {"root", *wanted}, _DONE_S, world.look)
    taken_s = time.monotonic() - started_s
    world.await_seen(set(wanted))
    print(f"{words} from {delivery}: {len(wanted)} in {taken_s:.1f} s")
    _assert_order(world.seen, wanted)
    _assert_values(world.admin, wanted)
    if delivery == "oci":
        _assert_digests(done, wanted)


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
    rendered = render("cluster-smallest", "serving", gitops=gitops_of(world, "oci"))
    held = _wave(rendered.applications["cert-manager"])
    world.start(rendered, "oci")
    world.mirror.never_ready = frozenset()
    same = {name for name, it in rendered.applications.items() if _wave(it) <= held}
    _await(lambda: same <= set(applications(world.admin)))
    _watch(world, lambda found: _is_held(found, rendered, held), for_s=8)
    # Mended, the rest follows: nothing else had been in the way.
    world.start(rendered, "oci")
    end = functools.partial(end_older_syncs, world.admin)
    await_all_done(world.admin, {"root", *rendered.applications}, _DONE_S, end)
    world.clear()


def _is_held(found: dict[str, Object], rendered: Rendered, held: int) -> bool:
    later = {name for name, it in rendered.applications.items() if _wave(it) > held}
    return not later & set(found) and state(found["cert-manager"])[1] != "Healthy"


def test_a_change_of_content_goes_through_the_waves_again(world: World) -> None:
    first = render("cluster-smallest", "serving", gitops=gitops_of(world, "oci"))
    world.start(first, "oci")
    await_all_done(world.admin, {"root", *first.applications}, _DONE_S)
    second = render("cluster-smallest", "serving", gitops=gitops_of(world, "oci"), name="renamed")
    changed = [
        name
        for name, it in second.applications.items()
        if it["spec"]["source"] != first.applications[name]["spec"]["source"]
    ]
    assert len(changed) > 2
    wanted = {it: _target(second.applications[it]) for it in changed}
    moved = {it for it in changed if wanted[it] != _target(first.applications[it])}
    order: list[str] = []

    def look() -> None:
        """Each change in its turn: two waves may pass between two looks at a list."""
        found, world.since = world.admin.changes(API, "Application", NAMESPACE, world.since)
        for it in found:
            ((name, revision),) = _revisions({it["metadata"]["name"]: it}).items()
            if name in moved and name not in order and revision == wanted[name]:
                order.append(name)

    world.start(second, "oci")

    def is_changed() -> bool:
        look()
        found = applications(world.admin)
        now = _revisions(found)
        is_through = all(now.get(it) == wanted[it] for it in changed) and set(order) == moved
        return is_through and all(is_done(it) for it in found.values())

    _await(is_changed)
    waves = [_wave(second.applications[name]) for name in order]
    assert waves == sorted(waves), list(zip(order, waves, strict=True))
    world.clear()


@pytest.mark.parametrize(
    "thing",
    [
        {
            "apiVersion": "kueue.x-k8s.io/v1beta2",
            "kind": "ResourceFlavor",
            "metadata": {"name": "only-here"},
            "spec": {"nodeLabels": {"kind": "here"}},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "only-here"},
            "spec": {"ports": [{"port": 80}]},
        },
    ],
    ids=lambda it: it["kind"],
)
def test_a_field_that_no_schema_knows_is_refused(world: World, thing: Object) -> None:
    """Our Applications leave out the client's validation: the server's own stands for it."""
    wrong = {**thing, "spec": {**thing["spec"], "nodeLabelz": {}}}
    _sync_alone(world, wrong)
    _await(lambda: _phase(world) == "Failed")
    said = applications(world.admin)["alone"]["status"]["operationState"]
    assert "field not declared in schema" in json.dumps(said), said
    _sync_alone(world, thing)
    _await(lambda: _phase(world) == "Succeeded")
    # The Application goes first: it would heal what is taken away.
    remove(world.plane, [*_found(world.admin, thing), applications(world.admin)["alone"]])


def _sync_alone(world: World, thing: Object) -> None:
    """An Application of one object, with what ours have for syncing, but one try only."""
    like = render("cluster-smallest", "serving").applications["namespaces"]
    repository = f"{world.mirror.registry}/platform"
    artifact = make_artifact("alone", [File("it.yaml", yaml.safe_dump(thing))])
    digest = push_artifact(repository, artifact, world.folder / "cache")
    source = {"repoURL": f"oci://{repository}", "targetRevision": str(digest), "path": "."}
    there = {**like["spec"]["destination"], "namespace": "default"}
    policy = {**like["spec"]["syncPolicy"], "retry": {"limit": 0}}
    spec = {"project": "default", "source": source, "destination": there, "syncPolicy": policy}
    meta = {"name": "alone", "namespace": NAMESPACE}
    world.admin.apply({"apiVersion": API, "kind": "Application", "metadata": meta, "spec": spec})


def _phase(world: World) -> str:
    """How the sync of what is wanted now ended; "" while it has not."""
    application = applications(world.admin)["alone"]
    done = (application.get("status") or {}).get("operationState") or {}
    wanted = application["spec"]["source"]["targetRevision"]
    of = ((done.get("operation") or {}).get("sync") or {}).get("revision")
    return done.get("phase", "") if of == wanted else ""


def _found(admin: Client, thing: Object) -> list[Object]:
    found = admin.list(thing["apiVersion"], thing["kind"])
    return [it for it in found if it["metadata"]["name"] == thing["metadata"]["name"]]


def _revisions(found: dict[str, Object]) -> dict[str, str]:
    return {
        name: ((it.get("status") or {}).get("sync") or {}).get("revision", "")
        for name, it in found.items()
    }


def _target(application: Object) -> str:
    return str(application["spec"]["source"]["targetRevision"])


def _watch(world: World, holds: Callable[[dict[str, Object]], bool], for_s: float) -> None:
    end_s = time.monotonic() + for_s
    while time.monotonic() < end_s:
        found = applications(world.admin)
        assert holds(found), [describe(it) for it in found.values()]
        time.sleep(0.3)


def _await(is_there: Callable[[], bool], timeout_s: float = _DONE_S) -> None:
    end_s = time.monotonic() + timeout_s
    while not is_there():
        assert time.monotonic() < end_s, "it did not come"
        time.sleep(0.3)


def _wave(application: Object) -> int:
    return int(application["metadata"]["annotations"][WAVE])
