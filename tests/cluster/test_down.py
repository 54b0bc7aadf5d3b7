"""`llmplat down` as a process on a real control plane with Argo CD: order, neighbours, what does not go, breaks."""

import json
import threading
from contextlib import suppress
from typing import Any

from tests.cluster.plane.argocd import API
from tests.cluster.plane.argocd import NAMESPACE as ARGO_CD
from tests.cluster.plane.client import Object, RefusedError
from tests.cluster.plane.process import wait_until
from tests.cluster.plane.samples import namespace
from tests.cluster.plane.slim import SlimWorld

NAME = "two-teams"
HELD = "test.llmplat.dev/held"
GATEWAY_API = "gateway.networking.k8s.io/v1"
CLAIM = "llm-gateway/data-counters-0"


def test_what_does_not_go_is_named_and_nothing_of_a_neighbour_goes(slim: SlimWorld) -> None:
    world = slim
    world.bring_up()
    neighbours = plant_neighbours(world)
    before = [_wish(it) for it in _live(world, neighbours)]
    gateway, balancer, claim = plant_held(world)
    dry = world.work.run("down", "--dry-run", "-o", "json")
    assert dry.returncode == 0, dry.stderr
    assert [_wish(it) for it in _live(world, [gateway, balancer])]

    # Before its volumes go all Applications must: that takes longer.
    tries = ((gateway, "20"), (balancer, "20"), (claim, "180"))
    for stuck, timeout_s in tries:
        words = ("down", "--yes", "--timeout", timeout_s, "-o", "json", "--delete-volume", CLAIM)
        done = world.work.run(*words)
        error = json.loads(done.stdout or done.stderr)
        assert done.returncode == 7, (done.stdout, done.stderr)
        assert f"{stuck['kind']} {stuck['metadata']['namespace']}" in error["what"]
        assert stuck["metadata"]["name"] in error["what"]
        assert HELD in error["why"]
        release(world, stuck)
    # Late, not never: the last one lets go while `down` waits.
    late = threading.Timer(5, release, (world, plant_late(world)))
    late.start()
    done = world.work.run("down", "--yes", "--timeout", "300", "--delete-volume", CLAIM)
    late.join()
    assert done.returncode == 0, done.stderr
    assert [_wish(it) for it in _live(world, neighbours)] == before
    _assert_nothing_left(world)
    again = world.work.run("down", "--yes")
    assert again.returncode == 0, again.stderr


def test_killed_in_each_step_the_next_run_goes_on(slim: SlimWorld) -> None:
    """SIGKILL as soon as a step has begun, each of those that the dry run names."""
    world = slim
    world.bring_up()
    steps = _steps(world)
    assert len(steps) > 10, steps
    for at in range(len(steps) - 1):
        assert _kill_in(world, steps[at:]), f"it ended before {steps[at]}"
    done = world.work.run("down", "--yes", "--timeout", "300", "--delete-volume", CLAIM)
    assert done.returncode == 0, done.stderr
    _assert_nothing_left(world)


def plant_neighbours(world: SlimWorld) -> list[Object]:
    """Things near the platform that are not its own, some with its names, one with another's labels."""
    theirs = {"app.kubernetes.io/managed-by": "llmplat", "llmplat.dev/platform": "another"}
    space = "litellm-2"
    planted = [
        namespace(space),
        _service("litellm", space, kind="LoadBalancer"),
        _gateway("inference-gateway", space, theirs),
        _claim("data-counters-0", space),
        # In namespaces of ours, by people of the team and of somebody who may do more.
        _service("elses", "inference-gateway", kind="LoadBalancer"),
        _service("demo", "models-team-a", kind="ClusterIP"),
        _claim("scratch", "models-team-a"),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "notes", "namespace": "models-team-a"},
            "data": {"by": "the team"},
        },
        _application("litellm-other"),
    ]
    for it in planted:
        world.admin.apply(it)
    for it in planted:
        if it["kind"] == "PersistentVolumeClaim":
            world.admin.wait(it, lambda now: now["status"].get("phase") == "Bound")
    return planted


def plant_held(world: SlimWorld) -> tuple[Object, Object, Object]:
    """The platform's gateway, its load balancer and the claim of its counters, held by somebody."""
    gateway = world.admin.get(GATEWAY_API, "Gateway", "inference-gateway", "inference-gateway")
    balancer = _service("inference-gateway", "inference-gateway", kind="LoadBalancer")
    balancer["metadata"]["ownerReferences"] = [_owner(gateway)]
    world.admin.apply(balancer)
    claim = world.admin.get("v1", "PersistentVolumeClaim", "data-counters-0", "llm-gateway")
    for it in (gateway, balancer, claim):
        world.admin.patch(it, {"metadata": {"finalizers": [HELD]}})
    return gateway, balancer, claim


def plant_late(world: SlimWorld) -> Object:
    """What is left of the platform once its Applications are gone, and goes late."""
    project = world.admin.get(API, "AppProject", "llmplat-root", ARGO_CD)
    world.admin.patch(project, {"metadata": {"finalizers": [HELD]}})
    return project


def release(world: SlimWorld, thing: Object) -> None:
    world.admin.patch(thing, {"metadata": {"finalizers": None}})


def _assert_nothing_left(world: SlimWorld) -> None:
    """What Kubernetes collects by itself, such as a Service's endpoints, goes a moment later."""
    with suppress(TimeoutError):
        wait_until("all is gone", lambda: ours(world) == [])
    assert ours(world) == []


def ours(world: SlimWorld) -> list[str]:
    """What is left with the platform's label, but for the namespaces that hold others' things."""
    labels = f"llmplat.dev/platform={NAME}"
    left = []
    for group in world.admin.ask("GET", "/apis")["groups"]:
        left += _labelled(world, group["preferredVersion"]["groupVersion"], labels)
    left += _labelled(world, "v1", labels)
    # Argo CD and Kueue run here without their charts: the test itself made what they need.
    names = ("argocd", "kueue-system", "inference-gateway", "models-team-a")
    kept = {f"Namespace /{name}" for name in names}
    return [it for it in left if it not in kept]


def _labelled(world: SlimWorld, version: str, labels: str) -> list[str]:
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    found = []
    for one in _asked(world, root).get("resources", ()):
        if "list" in one["verbs"] and "/" not in one["name"]:
            items = _asked(world, f"{root}/{one['name']}", labelSelector=labels).get("items", ())
            metas = [it["metadata"] for it in items]
            found += [f"{one['kind']} {it.get('namespace', '')}/{it['name']}" for it in metas]
    return found


def _asked(world: SlimWorld, path: str, **params: str) -> Object:
    """The answer; an empty one where the kind has just gone."""
    try:
        return world.admin.ask("GET", path, params=params)
    except RefusedError as refused:
        if refused.code != 404:
            raise
        return {}


def _steps(world: SlimWorld) -> list[str]:
    """Titles of the steps of `down`, in their order."""
    dry = world.work.run("down", "--dry-run", "-o", "json", "--delete-volume", CLAIM)
    return list(dict.fromkeys(one["step"] for one in json.loads(dry.stdout)["removed"]))


def _kill_in(world: SlimWorld, steps: list[str]) -> bool:
    """Have `down` end by SIGKILL in the first of `steps` that it gets to; False when it ended well."""
    words = ("down", "--yes", "--timeout", "300", "--delete-volume", CLAIM)
    killed = world.work.run(*words, LLMPLAT_TEST_KILL_IN=",".join(steps))
    assert killed.returncode in {0, -9}, killed.stderr
    return killed.returncode == -9


def _live(world: SlimWorld, things: list[Object]) -> list[Object]:
    return [world.admin.ask("GET", world.admin.path_of(it)) for it in things]


def _wish(thing: Object) -> Any:
    """Without what controllers write: the status and the version it moves."""
    moving = {"resourceVersion", "managedFields", "generation"}
    meta = {k: v for k, v in thing["metadata"].items() if k not in moving}
    return {**{k: v for k, v in thing.items() if k != "status"}, "metadata": meta}


def _service(name: str, space: str, *, kind: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": space},
        "spec": {"type": kind, "selector": {"app": name}, "ports": [{"port": 80}]},
    }


def _gateway(name: str, space: str, labels: dict[str, str]) -> Object:
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    return {
        "apiVersion": GATEWAY_API,
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": space, "labels": labels},
        "spec": {"gatewayClassName": "theirs", "listeners": [listener]},
    }


def _claim(name: str, space: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def _application(name: str) -> Object:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": ARGO_CD},
        "spec": {
            "project": "default",
            "source": {"repoURL": "file:///nowhere", "targetRevision": "main", "path": "."},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "litellm-2"},
        },
    }


def _owner(thing: Object) -> Object:
    meta = thing["metadata"]
    return {
        "apiVersion": thing["apiVersion"],
        "kind": thing["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
    }
