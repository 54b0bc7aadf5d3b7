"""Argo CD where there is none: made once, its password beside Pulumi, waited for by name."""

import base64
from contextlib import suppress

import pytest

from llmplat.apply.argocd_install import FOREIGN, REDIS, InstallTools, install
from llmplat.apply.cluster_inventory import InventoryBook, open_book
from llmplat.apply.going import Patience
from llmplat.domain.cluster import Object, ObjectRef
from llmplat.domain.errors import PreconditionError, ProvisionLockedError, TimedOutError
from llmplat.domain.inventory import REF
from tests.fakes.argo_cluster import ARGO, argocd_part, thing
from tests.fakes.cluster import ARGO_CD, FakeCluster
from tests.fakes.provisioner import FakeProvisioner
from tests.fakes.recording_progress import RecordingProgress

NAMESPACE = ObjectRef("v1", "Namespace", None, "argocd")
DOCUMENT = {"platform": "demo"}


class Killed(BaseException):
    """SIGKILL."""


def part(kind: str, name: str, ready: int) -> Object:
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": name}},
        "template": {"spec": {"containers": [{"name": "c", "image": "argocd:v3.2.1"}]}},
    }
    labels = {"app.kubernetes.io/part-of": "argocd"}
    status = {"readyReplicas": ready} if ready else {}
    return thing("apps/v1", kind, name, "argocd", labels=labels, spec=spec, status=status)


class World(FakeProvisioner):
    """A cluster and a program that makes an Argo CD in it, whose pods wait for their password."""

    def __init__(self, ready: int = 1) -> None:
        super().__init__()
        self.cluster = FakeCluster()
        self.cluster.served = [one for one in self.cluster.served if one not in ARGO_CD]
        self.ready = ready
        self.progress = RecordingProgress()

    def up(self, inputs, on_event):
        found = super().up(inputs, on_event)
        self.cluster.put(
            thing("v1", "Namespace", "argocd"),
            part("StatefulSet", "argocd-application-controller", self.ready),
            part("Deployment", "argocd-repo-server", self.ready),
            part("Deployment", "argocd-redis", self.ready),
        )
        self.cluster.served += [one for one in ARGO_CD if one not in self.cluster.served]
        return found

    def book(self) -> InventoryBook:
        return open_book(self.cluster, "demo", "my-project")

    def install(self, book: InventoryBook | None = None, **changes: bool) -> None:
        patience = Patience(0.0, sleep=lambda _s: None)
        tools = InstallTools(lambda: self, DOCUMENT, patience=patience, **changes)
        install(self.cluster, book or self.book(), tools, self.progress)


def test_it_is_made_with_a_password_that_pulumi_never_saw() -> None:
    world = World()
    world.install()
    assert world.asked == ["forget", "up"]
    secret = world.cluster.objects[REDIS]
    assert secret["metadata"]["labels"]["llmplat.dev/platform"] == "demo"
    password = base64.b64decode(secret["data"]["auth"]).decode()
    assert len(password) >= 40
    assert password not in str(world.documents) + str(world.progress.told)
    assert password not in str(world.cluster.objects[REF])
    assert REDIS in world.book().now.made


def test_a_second_run_changes_nothing_once_it_keeps_itself() -> None:
    world = World()
    world.install()
    before = world.cluster.objects[REDIS]["data"]
    world.install()
    assert world.asked == ["forget", "up", "up"], "its own Application is not there yet"
    assert world.cluster.objects[REDIS]["data"] == before
    world.cluster.put(thing(ARGO, "Application", "argo-cd", "argocd"))
    book = world.book()
    writes = len(world.cluster.writes)
    world.install(book)
    assert len(world.asked) == 3
    assert len(world.cluster.writes) == writes


def test_killed_before_any_write_the_next_run_converges() -> None:
    for number in range(3):
        world = World()
        left = [number]

        def die(verb: str, ref: ObjectRef, left: list[int] = left) -> None:
            if ref.kind == "Secret" or left[0] == 0:
                raise Killed
            left[0] -= 1

        world.cluster.before = die
        with suppress(Killed):
            world.install()
        world.cluster.before = lambda verb, ref: None
        world.install()
        assert world.cluster.objects[REDIS]["data"]["auth"]


def test_the_state_of_a_cluster_that_is_gone_is_dropped_first() -> None:
    world = World()
    world.install()
    world.cluster.objects.clear()
    world.asked.clear()
    world.install()
    assert world.asked == ["forget", "up"]


def test_one_that_was_taken_down_is_made_again_though_its_namespace_stayed() -> None:
    world = World()
    world.install()
    for ref in [ref for ref in world.cluster.objects if ref.api_version == "apps/v1"]:
        del world.cluster.objects[ref]
    world.asked.clear()
    world.install()
    assert world.asked == ["refresh", "up"]


def test_a_foreign_one_is_refused_and_nothing_is_made() -> None:
    world = World()
    world.cluster.put(thing("v1", "Namespace", "argocd"), argocd_part("v3.2.1"))
    with pytest.raises(PreconditionError) as caught:
        world.install()
    assert (caught.value.what, caught.value.fix) == (FOREIGN.what, FOREIGN.fix)
    assert world.asked == []
    assert REDIS not in world.cluster.objects


def test_a_part_that_does_not_get_ready_is_named_with_its_reason() -> None:
    world = World(ready=0)
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    status = {
        "conditions": [{"type": "PodScheduled", "status": "True"}],
        "containerStatuses": [{"state": {"waiting": waiting}}],
    }
    labels = {"app": "argocd-application-controller"}
    world.cluster.put(
        thing("v1", "Pod", "controller-0", "argocd", labels=labels, spec={}, status=status)
    )
    with pytest.raises(TimedOutError, match="Argo CD is still not ready") as caught:
        world.install()
    assert caught.value.why == "Pod argocd/controller-0: ImagePullBackOff: no such image"
    assert caught.value.exit_code == 7


def test_a_lock_left_behind_stops_and_repair_goes_on() -> None:
    world = World()
    world.failure = ProvisionLockedError("locked", "by nobody", ("llmplat up --repair",))
    with pytest.raises(ProvisionLockedError):
        world.install()
    world.cluster.put(thing("v1", "Namespace", "argocd"))
    world.asked.clear()
    world.install(is_repair=True)
    assert world.asked == ["repair", "up"]
