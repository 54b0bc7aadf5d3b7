"""Kueue itself admits by the quotas that were rendered: own share, borrowed share, the rest waits."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.attacks.case import fresh
from tests.cluster.attacks.gpus import L4_NODES, QUEUED, fit
from tests.cluster.plane.client import Client, Object, conditions
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.furnish import all_objects, open_queues, remove
from tests.cluster.plane.kueue import start_kueue
from tests.cluster.plane.process import wait_until
from tests.cluster.plane.rendered import kueue_settings, render
from tests.cluster.plane.samples import container, deployment

TEAM_A, TEAM_B = "models-team-a", "models-team-b"
KUEUE = "kueue.x-k8s.io/v1beta2"
_KINDS = {
    "Namespace",
    "PriorityClass",
    "WorkloadPriorityClass",
    "ResourceFlavor",
    "Cohort",
    "ClusterQueue",
    "LocalQueue",
}
SLOW = {"test.llmplat.dev/ready-after": "8s"}


@pytest.fixture(scope="module")
def queues(kueue: ControlPlane) -> Iterator[ControlPlane]:
    """The queues of two teams: of 6 GPUs l4 each owns 3."""
    things = [
        it for it in all_objects(render("cluster-two-teams", "serving")) if it["kind"] in _KINDS
    ]
    open_queues(kueue, things)
    yield kueue
    remove(kueue, things)


@pytest.fixture
def made(queues: ControlPlane) -> Iterator[list[Object]]:
    things: list[Object] = []
    yield things
    for thing in things:
        queues.admin.delete(thing)
    wait_until("all workloads gone", lambda: not any(_left(queues.admin)))


def _left(admin: Client) -> Iterator[list[Object]]:
    """What Deployments leave behind, which would make a new pod and then a new workload."""
    for space in (TEAM_A, TEAM_B):
        yield admin.list("apps/v1", "ReplicaSet", space)
        yield admin.list("v1", "Pod", space)
    yield admin.list(KUEUE, "Workload")


def _engine(space: str, replicas: int, annotations: dict[str, str] | None = None) -> Object:
    """Pods of one GPU l4 each, queued as an engine is."""
    thing = deployment(
        fresh("engine"),
        space,
        container(gpus=1),
        replicas=replicas,
        labels=QUEUED,
        pod_labels=QUEUED,
        annotations={**fit(), **(annotations or {})},
    )
    thing["spec"]["template"]["spec"]["nodeSelector"] = dict(L4_NODES)
    return thing


def _start(admin: Client, made: list[Object], thing: Object) -> Object:
    admin.apply(thing)
    made.append(thing)
    return thing


def _running(admin: Client, thing: Object) -> int:
    meta = thing["metadata"]
    found = admin.get("apps/v1", "Deployment", meta["name"], meta["namespace"])
    return int((found.get("status") or {}).get("readyReplicas", 0))


def _await_running(admin: Client, thing: Object, count: int) -> None:
    wait_until(
        f"{count} pods of {thing['metadata']['name']} run", lambda: _running(admin, thing) == count
    )


def _stays(admin: Client, thing: Object, count: int, for_s: float = 2) -> None:
    end_s = time.monotonic() + for_s
    while time.monotonic() < end_s:
        assert _running(admin, thing) == count
        time.sleep(0.2)


def _await_gated(admin: Client, space: str, count: int) -> None:
    def gated() -> int:
        return sum(1 for it in admin.list("v1", "Pod", space) if it["spec"].get("schedulingGates"))

    wait_until(f"{count} pods of {space} wait", lambda: gated() == count)


def test_two_owners_get_their_own(queues: ControlPlane, made: list[Object]) -> None:
    first = _start(queues.admin, made, _engine(TEAM_A, 3))
    second = _start(queues.admin, made, _engine(TEAM_B, 3))
    _await_running(queues.admin, first, 3)
    _await_running(queues.admin, second, 3)


def test_scale_out_borrows_what_is_free_and_waits_beyond(
    queues: ControlPlane, made: list[Object]
) -> None:
    first = _start(queues.admin, made, _engine(TEAM_A, 1))
    _await_running(queues.admin, first, 1)
    second = _start(queues.admin, made, _engine(TEAM_B, 1))
    _await_running(queues.admin, second, 1)
    queues.admin.patch(second, {"spec": {"replicas": 6}})
    # 6 GPUs, one of them taken by the other team: 3 of one's own and 2 borrowed.
    _await_running(queues.admin, second, 5)
    _await_gated(queues.admin, TEAM_B, 1)
    _stays(queues.admin, second, 5)
    assert _running(queues.admin, first) == 1


def test_a_third_waits_and_starts_when_room_is_made(
    queues: ControlPlane, made: list[Object]
) -> None:
    first = _start(queues.admin, made, _engine(TEAM_A, 3))
    second = _start(queues.admin, made, _engine(TEAM_B, 3))
    _await_running(queues.admin, first, 3)
    _await_running(queues.admin, second, 3)
    third = _start(queues.admin, made, _engine(TEAM_A, 1))
    _await_gated(queues.admin, TEAM_A, 1)
    _stays(queues.admin, third, 0)
    queues.admin.patch(second, {"spec": {"replicas": 2}})
    _await_running(queues.admin, third, 1)


def test_nothing_is_evicted_while_it_loads(queues: ControlPlane, made: list[Object]) -> None:
    slow = _start(queues.admin, made, _engine(TEAM_A, 2, SLOW))
    _await_running(queues.admin, slow, 2)
    assert _evicted(queues.admin) == []


def test_with_a_deadline_below_the_load_time_it_would_be(
    queues: ControlPlane, made: list[Object], crds: Path
) -> None:
    """The test above can fail: this is Kueue with WaitForPodsReady below the start-up budget."""
    rendered = kueue_settings(render("cluster-two-teams", "llm-gateway"))
    short = {**rendered["waitForPodsReady"], "timeout": "2s", "recoveryTimeout": "2s"}
    queues.crew.stop("kueue")
    start_kueue(queues, crds, {**rendered, "waitForPodsReady": short})
    try:
        slow = _start(queues.admin, made, _engine(TEAM_A, 1, SLOW))
        wait_until("it is evicted", lambda: _evicted(queues.admin) != [])
        queues.admin.delete(slow)
    finally:
        queues.crew.stop("kueue")
        start_kueue(queues, crds, rendered)


def _evicted(admin: Client) -> list[str]:
    return [
        it["metadata"]["name"]
        for it in admin.list(KUEUE, "Workload")
        if conditions(it).get("Evicted") == "True"
        or ((it.get("status") or {}).get("requeueState") or {}).get("count", 0) > 0
    ]
