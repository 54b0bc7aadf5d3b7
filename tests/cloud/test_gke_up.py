"""`up` and `down` of the cloud over fakes at the ports: the project is Google's fake, looked at for real."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from llmplat.adapters.gke_kubeconfig import write_kubeconfig
from llmplat.apply.gke_down import GkeCloud
from llmplat.apply.gke_up import GkeOutputs, GkeTools, GkeWish, preview_gke, up_gke
from llmplat.catalog.cloud import load_cloud
from llmplat.cli.wiring import catalog
from llmplat.domain.cloud import Named
from llmplat.domain.errors import (
    CloudRefusedError,
    CredentialsError,
    LlmplatError,
    PreconditionError,
    ProvisionError,
    ProvisionLockedError,
    ReplacementError,
)
from llmplat.domain.provision import CLUSTER_KIND, POOL_KIND, Act, Change
from llmplat.output.as_json import to_data
from llmplat.plan.gke.gke_plan import inputs_of
from llmplat.plan.gke.needs import cloud_needs
from tests.cloud.conftest import client
from tests.cloud.projects import GKES, good_project, platform_of
from tests.fakes.google import FakeProject
from tests.fakes.provisioner import FakeProvisioner
from tests.fakes.recording_progress import RecordingProgress

Serve = Callable[[FakeProject], FakeProject]
MADE = (
    Change("demo", CLUSTER_KIND, Act.CREATE),
    Change("demo-l4", POOL_KIND, Act.CREATE),
)
OUTPUTS = {
    "clusterName": "demo",
    "clusterLocation": "europe-west4",
    "clusterEndpoint": "gke-abc.europe-west4.gke.goog",
}


class World:
    """One platform, its project and what makes its cluster."""

    def __init__(self, serve: Serve) -> None:
        inputs = inputs_of(platform_of(GKES["l4-spot"]), None, catalog())
        needs = cloud_needs(inputs, load_cloud())
        self.wish = GkeWish(inputs, to_data(inputs), needs, models={"l4": ("qwen", "embed")})
        self.project = serve(good_project(needs))
        self.provisioner = FakeProvisioner(changes=MADE, handed_over=dict(OUTPUTS))
        self.progress = RecordingProgress()
        self.remembered = 0
        self.connected: list[GkeOutputs] = []
        self.token: str | None = None

    def tools(self) -> GkeTools:
        def remember() -> None:
            self.remembered += 1

        def connect(outputs: GkeOutputs) -> str:
            self.connected.append(outputs)
            return "llmplat-demo"

        cloud = client(self.project) if self.token is None else client(self.project, self.token)
        return GkeTools(cloud, load_cloud(), self.provisioner, connect, remember)

    def up(self, **wishes: object) -> object:
        return up_gke(replace(self.wish, **wishes), self.tools(), self.progress)


@pytest.fixture
def world(serve: Serve) -> World:
    return World(serve)


def test_up_looks_makes_checks_and_connects(world: World) -> None:
    ground = world.up()
    assert world.provisioner.asked == ["preview", "up"]
    assert ground.context == "llmplat-demo"
    assert ground.changes == MADE
    assert world.connected == [GkeOutputs("demo", "europe-west4", OUTPUTS["clusterEndpoint"])]
    assert world.remembered == 1
    assert world.project.writes == []


def test_a_state_of_this_machine_only_is_said_aloud(world: World) -> None:
    world.up()
    assert any("this machine only: /state/pulumi" in text for text in world.progress.of("warn"))
    world.progress.told.clear()
    world.provisioner.is_local = False
    world.up()
    assert world.progress.of("warn") == []


BAD: dict[str, tuple[Callable[[World], None], type[LlmplatError], str]] = {
    "expired": (lambda w: setattr(w, "token", "old"), CredentialsError, "does not accept"),
    "wrong-project": (
        lambda w: setattr(w.project, "is_visible", False), CloudRefusedError, "no project",
    ),
    "api-off": (
        lambda w: w.project.enabled.remove("container.googleapis.com"), PreconditionError, "lacks",
    ),
    "no-billing": (lambda w: setattr(w.project, "billing", False), PreconditionError, "lacks"),
    "no-permission": (
        lambda w: w.project.permissions.remove("container.clusters.create"),
        PreconditionError, "lacks",
    ),
    "no-gpu": (lambda w: w.project.accelerators.clear(), PreconditionError, "lacks 3 things"),
    "quota": (
        lambda w: w.project.region_quotas["europe-west4"].update(
            PREEMPTIBLE_NVIDIA_L4_GPUS=(1.0, 0.0)
        ),
        PreconditionError, "lacks 1 thing",
    ),
    "name-taken": (
        lambda w: w.project.clusters.update(demo={"name": "demo"}), PreconditionError, "lacks",
    ),
    "lost-state": (
        lambda w: w.project.networks.update(
            demo={"name": "demo", "description": "llmplat platform demo"}
        ),
        PreconditionError, "their state is not here",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_and_nothing_is_made(world: World, name: str) -> None:
    spoil, kind, text = BAD[name]
    spoil(world)
    with pytest.raises(kind, match=text) as caught:
        world.up()
    error = caught.value
    assert error.exit_code == 5
    assert error.why
    assert error.fix
    assert set(world.provisioner.asked) <= {"preview"}
    assert world.project.writes == []
    assert world.remembered == 0


def test_what_is_waived_is_said_and_gone_on_without(world: World) -> None:
    world.project.billing = False
    ground = world.up(waive=("billing",))
    assert ground.waived == ("billing",)
    assert any("gone on without: no billing" in text for text in world.progress.of("warn"))


def test_a_pool_with_models_is_not_replaced_without_its_name(world: World) -> None:
    world.provisioner.changes = (
        Change("demo-l4", POOL_KIND, Act.REPLACE, ("nodeConfig.machineType",)),
    )
    with pytest.raises(ReplacementError) as caught:
        world.up()
    assert caught.value.exit_code == 4
    assert "qwen, embed run there" in str(caught.value.why)
    assert caught.value.fix[0] == "llmplat up --allow-replace l4"
    assert "up" not in world.provisioner.asked
    world.up(replace=frozenset({"l4"}))
    assert "up" in world.provisioner.asked
    assert any("nodeConfig.machineType differs" in text for text in world.progress.of("warn"))


def test_an_empty_pool_is_replaced_with_a_word_and_the_cluster_never_without_its_name(
    world: World,
) -> None:
    world.provisioner.changes = (Change("demo-system", POOL_KIND, Act.REPLACE),)
    world.up()
    assert any("node pool system would be deleted" in text for text in world.progress.of("warn"))
    world.provisioner.changes = (Change("demo", CLUSTER_KIND, Act.REPLACE, ("location",)),)
    with pytest.raises(ReplacementError, match="demo would be deleted"):
        world.up()


@pytest.mark.parametrize(
    "changed", [{"clusterName": "other"}, {"clusterLocation": "us-east1"}, {"clusterEndpoint": ""}]
)
def test_what_is_handed_over_must_be_what_was_predicted(world: World, changed: dict) -> None:
    world.provisioner.handed_over |= changed
    with pytest.raises(ProvisionError, match="not the one that was planned"):
        world.up()
    assert world.connected == []


def test_a_lock_stops_and_repair_goes_on(world: World) -> None:
    world.provisioner.failure = ProvisionLockedError(
        "locked", "by nobody", ("llmplat up --repair",)
    )
    with pytest.raises(ProvisionLockedError):
        world.up()
    world.up(is_repair=True)
    assert world.provisioner.asked[-3:] == ["repair", "preview", "up"]


def test_no_is_no(world: World) -> None:
    with pytest.raises(PreconditionError, match="Nothing was made"):
        world.up(ask=lambda question: "create 2" not in question)
    assert "up" not in world.provisioner.asked


def test_a_preview_changes_nothing(world: World) -> None:
    assert preview_gke(world.wish, world.tools()).changes == MADE
    world.project.billing = False
    preview = preview_gke(world.wish, world.tools())
    assert [one.code for one in preview.missing] == ["billing"]
    assert preview.changes is None
    assert world.provisioner.asked == ["preview"]


def test_down_lifts_the_protection_aloud_first(world: World) -> None:
    world.up()
    forgotten: list[bool] = []
    flipped = {**world.wish.document, "deletionProtection": False}
    cloud = GkeCloud(world.provisioner, flipped, lambda: forgotten.append(True))
    assert cloud.planned() == (
        "the cluster's deletion protection is switched off first",
        "Cluster demo",
        "NodePool demo-l4",
    )
    assert cloud.destroy(world.progress) == ("Cluster demo", "NodePool demo-l4")
    assert world.provisioner.asked[-2:] == ["unprotect", "destroy"]
    assert world.provisioner.documents[-1]["deletionProtection"] is False
    assert any("deletion protection" in text for text in world.progress.of("warn"))
    assert forgotten == [True]
    assert cloud.destroy(world.progress) == ()


def test_down_goes_on_where_it_was_stopped(world: World) -> None:
    world.up()
    cloud = GkeCloud(world.provisioner, world.wish.document)
    world.provisioner.failure = ProvisionError("no", "busy", ("again",))
    with pytest.raises(ProvisionError):
        cloud.destroy(world.progress)
    world.provisioner.failure = None
    assert len(cloud.destroy(world.progress)) == 2


def test_down_of_a_cluster_that_somebody_removed_goes_straight_to_the_cloud(world: World) -> None:
    world.up()
    cloud = GkeCloud(world.provisioner, world.wish.document, serves=lambda: False)
    world.provisioner.gone = {"demo"}
    assert not cloud.has_cluster()
    assert cloud.planned() == ("Cluster demo", "NodePool demo-l4")
    cloud.destroy(world.progress)
    # What is gone cannot have its protection lifted: the state is asked anew first.
    assert world.provisioner.asked[-2:] == ["refresh", "destroy"]


@pytest.mark.parametrize(
    ("found", "serves"),
    [
        (None, False),
        ({"name": "demo", "status": "STOPPING"}, False),
        ({"name": "demo", "status": "RUNNING"}, True),
        ({"name": "demo", "status": "RECONCILING"}, True),
    ],
)
def test_whether_the_control_plane_can_be_asked(
    world: World, found: dict | None, serves: bool
) -> None:
    if found is not None:
        world.project.clusters["demo"] = found
    assert client(world.project).serves(Named("cluster", "demo", "europe-west4")) is serves


def test_the_kubeconfig_is_our_own_and_holds_no_token(tmp_path: Path) -> None:
    name = write_kubeconfig(tmp_path, "demo", "gke-abc.europe-west4.gke.goog")
    file = tmp_path / "kubeconfig"
    assert file.stat().st_mode & 0o777 == 0o600
    document = json.loads(file.read_text())
    assert document["clusters"][0]["cluster"] == {"server": "https://gke-abc.europe-west4.gke.goog"}
    assert set(document["users"][0]["user"]) == {"exec"}
    assert "token" not in file.read_text()
    assert document["current-context"] == name == "llmplat-demo"
