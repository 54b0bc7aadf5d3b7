"""`up`, `pause`, `resume` and `down` of a platform on GKE, each command as a person gives it."""

import json
from pathlib import Path

import pytest

from llmplat.domain.cluster import ObjectRef
from tests.cli.conftest import Llmplat
from tests.cloud.gke_world import LOGIN, GkeWorld
from tests.fakes.argo_cluster import ARGO
from tests.fakes.google import GOOD_TOKEN

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]
UP = ("up", "--yes", "--no-proof", "--timeout", "300")
OURS = {
    "name": "smallest",
    "status": "RUNNING",
    "resourceLabels": {"llmplat-platform": "smallest"},
}
REDIS = ObjectRef("v1", "Secret", "argocd", "argocd-redis")


def everything_written(folder: Path) -> str:
    """Logs, Pulumi's state and inputs, what the tools were asked; not the key that signs in."""
    kept = {".json", ".jsonl", ".log", ".yaml", ".py", ".txt", ""}
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix in kept)
    return "".join(p.read_text(errors="replace") for p in files if p.name != "key.json")


def test_up_installs_argo_cd_and_goes_on_to_the_last_wave(
    world: GkeWorld, llmplat: Llmplat
) -> None:
    ran = llmplat(*UP)
    assert ran.code == 0, ran.err
    asked = [(call["program"], call["verb"]) for call in world.seat.calls]
    assert asked.index(("gke", "up")) < asked.index(("bootstrap", "up"))
    bootstrap = next(
        call["inputs"]
        for call in world.seat.calls
        if (call["program"], call["verb"]) == ("bootstrap", "up")
    )
    assert bootstrap["context"] == "llmplat-smallest"
    assert Path(bootstrap["kubeconfig"]).is_file()
    assert REDIS in world.cluster.objects
    assert world.login == {
        "type": "oci",
        "url": f"oci://{world.repository}",
        "username": "robot",
        "password": LOGIN.partition(":")[2],
    }
    told = ran.out + ran.err
    for step in ("Install Argo CD", "Argo CD's login", "Push the tree", "Wave 0"):
        assert step in told
    written = told + everything_written(world.folder) + json.dumps(world.seat.calls)
    assert LOGIN.partition(":")[2] not in written
    assert "good-token" not in written
    assert world.project.writes, "secrets were filled"

    # A second run finds all of it there, and Argo CD keeps itself.
    calls, password = len(world.seat.calls), world.cluster.objects[REDIS]["data"]
    again = llmplat(*UP, "-o", "json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["changed"] == []
    later = [call["program"] for call in world.seat.calls[calls:]]
    assert "bootstrap" not in later
    assert world.cluster.objects[REDIS]["data"] == password


@pytest.mark.parametrize("may_mint", [True, False])
def test_artifact_registry_is_read_with_a_short_lived_token(
    world: GkeWorld, llmplat: Llmplat, monkeypatch: pytest.MonkeyPatch, *, may_mint: bool
) -> None:
    """The push ends at once, by a credential helper that is not there: nothing leaves this machine."""
    host = "us-central1-docker.pkg.dev"
    (world.folder / "config.json").write_text(json.dumps({"credHelpers": {host: "not-there"}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(world.folder))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    repository = f"{host}/my-project/platform/smallest"
    world.document["gitops"]["oci"] = {"repository": repository}
    world.save()
    if may_mint:
        world.project.mintable = {"smallest-nodes@my-project.iam.gserviceaccount.com"}
    ran = llmplat(*UP)
    assert ran.code == 5, ran.err
    assert "docker-credential-not-there gave no account" in ran.err
    token = "token-of-smallest-nodes" if may_mint else GOOD_TOKEN
    assert world.login == {
        "type": "oci",
        "url": f"oci://{repository}",
        "username": "oauth2accesstoken",
        "password": token,
    }
    assert ("your own token" in ran.err) is not may_mint
    assert token not in ran.out + ran.err + everything_written(world.folder)
    assert token not in json.dumps(world.seat.calls)


def test_looks_change_nothing(world: GkeWorld, llmplat: Llmplat) -> None:
    assert llmplat(*UP).code == 0
    writes, address = len(world.cluster.writes), world.address
    status = llmplat("status", "-o", "json")
    assert status.code == 0, status.out
    assert json.loads(status.out)["platform"] == "smallest"
    world.play(address, preview={"log": "nothing"})
    same = llmplat("diff", "--live")
    assert same.code == 0, same.out + same.err
    world.play(address, preview={"log": "replace"})
    other = llmplat("diff", "--live", "-o", "plain")
    assert other.code == 8, other.err
    assert "NodePool l4" in other.out
    assert len(world.cluster.writes) == writes
    assert [call["verb"] for call in world.seat.calls].count("up") == 2


def test_pause_resume_and_down(world: GkeWorld, llmplat: Llmplat) -> None:
    assert llmplat(*UP).code == 0
    world.project.clusters["smallest"] = OURS
    world.project.slow = 0
    before = dict(world.project.node_pools["l4"]["autoscaling"])
    paused = llmplat("pause", "--yes")
    assert paused.code == 0, paused.err
    assert "pool\tl4\t0" in paused.out
    assert "1 x g2-standard-8 of the pool l4\t350.31\tsaved while" in paused.out
    assert world.project.sizes == {"l4": 0}
    engine = next(
        one
        for ref, one in world.cluster.objects.items()
        if ref.kind == "Deployment" and "qwen3-small" in ref.name and _gpus(one)
    )
    assert engine["spec"]["replicas"] == 0
    refused = llmplat(*UP)
    assert refused.code == 5
    assert "is paused since" in refused.err
    resumed = llmplat("resume")
    assert resumed.code == 0, resumed.err
    assert world.project.node_pools["l4"]["autoscaling"] == before

    dry = llmplat("down", "--dry-run")
    assert dry.code == 0, dry.err
    assert "deletion protection is switched off first" in dry.out
    gone = llmplat("down", "--yes", "--timeout", "300")
    assert gone.code == 0, gone.err
    left = [ref for ref in world.cluster.objects if ref.api_version == ARGO]
    assert left == []
    assert REDIS not in world.cluster.objects
    verbs = [(call["program"], call["verb"]) for call in world.seat.calls]
    assert ("gke", "destroy") in verbs
    assert verbs[-1] == ("bootstrap", "stack rm"), "the state of Argo CD's installation goes too"


def test_down_of_a_cluster_that_is_gone_asks_nobody_about_it(
    world: GkeWorld, llmplat: Llmplat
) -> None:
    """Somebody removed the cluster by hand, and this machine lost its kubeconfig."""
    world.seat.has_state("smallest", world.folder / "state" / "smallest")
    gone = llmplat("down", "--yes", "-o", "json")
    assert gone.code == 0, gone.err
    assert json.loads(gone.out)["removed"] == [{"step": "cloud", "what": "Cluster smallest"}]
    verbs = [call["verb"] for call in world.seat.calls if call["program"] == "gke"]
    assert verbs.index("refresh") < verbs.index("destroy"), "what is gone cannot be removed again"
    assert world.cluster.writes == []


def _gpus(deployment: dict) -> bool:
    return "nvidia.com/gpu" in json.dumps(deployment["spec"]["template"])
