"""Everything bad that `up` on GKE may be given: what, why and fix, the exit code, and nothing made."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmplat.adapters.gke_inventory import write_inventory
from llmplat.domain.inventory import Inventory, manifest_of
from tests.cli.conftest import Llmplat, Ran
from tests.cloud.gke_world import GkeWorld, argocd_parts
from tests.cloud.test_provisioner import LOCKED
from tests.fakes.argo_cluster import argocd_part, thing
from tests.fakes.cluster import ARGO_CD

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]
UP = ("up", "--yes", "--no-proof", "--timeout", "5", "-o", "json")
NOWHERE = "127.0.0.1:1"
Spoil = Callable[[GkeWorld], None]


def no_credentials(world: GkeWorld) -> None:
    os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = ""
    os.environ["CLOUDSDK_CONFIG"] = os.environ["HOME"] = str(world.folder / "nobody")


def expired(world: GkeWorld) -> None:
    world.project.is_expired = True


def wrong_project(world: GkeWorld) -> None:
    world.project.is_visible = False


def api_off(world: GkeWorld) -> None:
    world.project.enabled.remove("container.googleapis.com")


def no_billing(world: GkeWorld) -> None:
    world.project.billing = False


def no_permission(world: GkeWorld) -> None:
    world.project.permissions.remove("container.clusters.create")


def gpu_not_in_zone(world: GkeWorld) -> None:
    world.project.accelerators.clear()


def quota_short(world: GkeWorld) -> None:
    world.project.region_quotas["us-central1"]["PREEMPTIBLE_NVIDIA_L4_GPUS"] = (0.0, 0.0)


def name_taken(world: GkeWorld) -> None:
    world.project.clusters["smallest"] = {"name": "smallest"}


def ranges_overlap(world: GkeWorld) -> None:
    world.document["substrate"]["gke"]["network"] = {"pods": "10.128.0.0/14"}
    world.save()


def name_too_long(world: GkeWorld) -> None:
    world.document["name"] = "n" * 25
    world.save()


def other_project(world: GkeWorld) -> None:
    write_inventory(world.folder / "state" / "smallest", "the-project-before", [])


def lost_state(world: GkeWorld) -> None:
    words = "llmplat platform smallest"
    world.project.networks["smallest"] = {"name": "smallest", "description": words}


def replaced_pool(world: GkeWorld) -> None:
    world.seat.has_state("smallest", world.folder / "state" / "smallest")
    world.play(NOWHERE, preview={"log": "replace"})


def old_tool(world: GkeWorld) -> None:
    world.seat.play("v3.100.0")


def no_tool(world: GkeWorld) -> None:
    del os.environ["LLMPLAT_PULUMI"]
    os.environ["PATH"] = "/nowhere"


def locked(world: GkeWorld) -> None:
    world.play(NOWHERE, preview={"exit": 255, "stderr": LOCKED})


CLOUD: dict[str, tuple[Spoil, int, str, str]] = {
    "no credentials": (no_credentials, 5, "no usable credentials", "gcloud auth application"),
    "expired ones": (expired, 5, "no longer good", "gcloud auth application"),
    "wrong project": (wrong_project, 5, "There is no project my-project", "gcloud projects list"),
    "API off": (api_off, 5, "the API container.googleapis.com is off", "gcloud services enable"),
    "no billing": (no_billing, 5, "no billing account", "gcloud billing projects link"),
    "no permission": (no_permission, 5, "container.clusters.create", "--role=roles/container.ad"),
    "GPU not in zone": (gpu_not_in_zone, 5, "us-central1-a has no nvidia-l4", "accelerator-types"),
    "quota short": (quota_short, 5, "PREEMPTIBLE_NVIDIA_L4_GPUS", "quotas?project=my-project"),
    "name taken": (name_taken, 5, "the name smallest is taken", "another name"),
    "CIDR overlap": (ranges_overlap, 3, "Two address ranges overlap", "move one of them"),
    "name too long": (name_too_long, 3, "too long for GKE", "24 characters"),
    "changed project": (other_project, 3, "belongs to the project the-project-before", "project:"),
    "lost state": (lost_state, 5, "their state is not here", "put the state back"),
    "replacement": (replaced_pool, 4, "l4 would be deleted and made again", "--allow-replace l4"),
    "a tool too old": (old_tool, 5, "is too old", "llmplat up --install-pulumi"),
    "no tool": (no_tool, 5, "Pulumi's command line tool is not there", "--install-pulumi"),
    "a lock": (locked, 5, "locked by another run", "llmplat up --repair"),
}


@pytest.mark.parametrize("name", CLOUD)
def test_nothing_is_made_in_the_cloud(
    world: GkeWorld, llmplat: Llmplat, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for kept in ("HOME", "CLOUDSDK_CONFIG", "PATH"):
        monkeypatch.setenv(kept, os.environ.get(kept, ""))
    spoil, code, what, fix = CLOUD[name]
    spoil(world)
    error = told(llmplat(*UP), code)
    assert what in f"{error['what']} {error['why']} {error['findings']}"
    assert error["why"] or all(one["why"] for one in error["findings"])
    fixes = [*error["fix"], *(one for found in error["findings"] for one in found["fix"])]
    assert fix in str(fixes)
    assert world.project.writes == []
    assert world.cluster.writes == []
    assert not {"up", "destroy"} & set(world.seat.verbs)


def other_platform(world: GkeWorld) -> None:
    world.cluster.put(manifest_of(Inventory("another")))


def foreign_argocd(world: GkeWorld) -> None:
    world.cluster.served += ARGO_CD
    world.cluster.put(*argocd_parts())


def old_foreign_argocd(world: GkeWorld) -> None:
    foreign_argocd(world)
    world.cluster.put(argocd_part("v2.14.3"))


def namespace_on_its_way_out(world: GkeWorld) -> None:
    leaving = thing("v1", "Namespace", "external-secrets")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    world.cluster.put(leaving)


CLUSTER: dict[str, tuple[Spoil, str]] = {
    "two platforms": (other_platform, "already holds the platform 'another'"),
    "a foreign Argo CD": (foreign_argocd, "An Argo CD is there that llmplat did not make"),
    "an incompatible one": (old_foreign_argocd, "is version 2.14.3"),
    "a namespace that goes": (namespace_on_its_way_out, "is being deleted"),
}


@pytest.mark.parametrize("name", CLUSTER)
def test_nothing_is_made_in_the_cluster(world: GkeWorld, llmplat: Llmplat, name: str) -> None:
    spoil, what = CLUSTER[name]
    spoil(world)
    error = told(llmplat(*UP), 5)
    assert what in f"{error['what']} {error['why']} {error['findings']}"
    assert error["fix"]
    assert world.cluster.writes == []
    assert ("bootstrap", "up") not in [(c["program"], c["verb"]) for c in world.seat.calls]


def test_a_repository_without_its_login_stops_before_anything_is_pushed(
    world: GkeWorld, llmplat: Llmplat
) -> None:
    world.project.values["smallest-manifests"] = []
    error = told(llmplat(*UP), 5)
    assert "manifests" in error["what"]
    assert "llmplat secrets seed manifests --stdin < FILE" in error["fix"]
    assert world.cluster.writes == []


def test_what_was_agreed_to_by_name_goes_on(world: GkeWorld, llmplat: Llmplat) -> None:
    replaced_pool(world)
    llmplat(*UP, "--allow-replace", "l4")
    assert "up" in world.seat.verbs


def test_repair_is_one_command(world: GkeWorld, llmplat: Llmplat) -> None:
    world.seat.has_state("smallest", world.folder / "state" / "smallest")
    locked(world)
    assert "llmplat up --repair" in str(told(llmplat(*UP), 5)["fix"])
    world.play(NOWHERE, cancel={}, refresh={"log": "refresh"})
    llmplat(*UP, "--repair")
    verbs = world.seat.verbs
    assert verbs.index("cancel") < verbs.index("refresh") < verbs.index("up")


def test_a_plug_in_of_a_kubeconfig_that_fails_is_told(
    llmplat: Llmplat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster of one's own; the plug-in of GKE's kubeconfig is llmplat's own."""
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", "echo 'please sign in again' >&2; exit 3"],
        "interactiveMode": "Never",
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"exec": plugin}}],
        "contexts": [{"name": "my-cluster", "context": {"cluster": "c", "user": "u"}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    examples = Path(__file__).parents[2] / "docs" / "examples"
    for end in ("yaml", "lock.yaml"):
        text = (examples / f"cluster-smallest.{end}").read_text("utf-8")
        (tmp_path / f"platform.{end}").write_text(text)
    context = ("--context", "my-cluster")
    error = told(llmplat(*UP, *context), 5)
    assert "signs in by sh, which gave nothing" in error["what"]
    assert "please sign in again" in error["why"]


def told(ran: Ran, code: int) -> dict:
    """The error as JSON."""
    assert ran.code == code, ran.err
    error: dict = json.loads(ran.err.splitlines()[-1])
    assert error["kind"] == "Error"
    return error
