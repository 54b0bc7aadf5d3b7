"""The control plane of the tests is a real one: it schedules, it runs what kwok lets run, it refuses."""

import pytest

from tests.cluster.plane.client import Object, RefusedError, conditions
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.process import wait_until
from tests.cluster.plane.samples import container, deployment, namespace


@pytest.fixture(scope="module")
def room(plane: ControlPlane) -> str:
    plane.admin.apply(namespace("room"))
    return "room"


def test_a_deployment_becomes_available(plane: ControlPlane, room: str) -> None:
    thing = deployment("small", room, replicas=2)
    plane.admin.apply(thing)
    done = plane.admin.wait(thing, lambda it: conditions(it).get("Available") == "True")
    plane.admin.delete(thing)
    assert done["status"]["readyReplicas"] == 2


def test_a_pod_that_is_held_never_gets_ready(plane: ControlPlane, room: str) -> None:
    held = deployment("held", room, annotations={"test.llmplat.dev/never-ready": "yes"})
    slow = deployment("slow", room, annotations={"test.llmplat.dev/ready-after": "1s"})
    for thing in (held, slow):
        plane.admin.apply(thing)
    plane.admin.wait(slow, lambda it: conditions(it).get("Available") == "True")
    found = plane.admin.wait(held, lambda it: "Available" in conditions(it))
    for thing in (held, slow):
        plane.admin.delete(thing)
    assert conditions(found)["Available"] == "False"


def test_gpus_are_counted(plane: ControlPlane, room: str) -> None:
    thing = deployment("large", room, container(gpus=9))
    plane.admin.apply(thing)

    def pods() -> list[Object]:
        return plane.admin.list("v1", "Pod", room, labels="app=large")

    wait_until("its pod is made", lambda: bool(pods()))
    plane.admin.wait(pods()[0], lambda it: conditions(it).get("PodScheduled") == "False")
    plane.admin.delete(thing)


def test_an_unknown_field_is_refused(plane: ControlPlane, room: str) -> None:
    thing = deployment("odd", room)
    thing["spec"]["replica"] = 1
    with pytest.raises(RefusedError, match="replica"):
        plane.admin.apply(thing)


def test_an_identity_without_rights_may_nothing(plane: ControlPlane, room: str) -> None:
    nobody = plane.identity("nobody")
    with pytest.raises(RefusedError) as refused:
        nobody.list("v1", "Pod", room)
    nobody.close()
    assert refused.value.code == 403
