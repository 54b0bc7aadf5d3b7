"""`llmplat up` itself on a real control plane with the real Argo CD: up, killed at each step, up again."""

import json
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmplat.apply.cluster_up import STEPS
from tests.cluster.plane.adopted import VALUE as KEY
from tests.cluster.plane.adopted import furnish_for_up
from tests.cluster.plane.answering import answering_gateway
from tests.cluster.plane.argocd import API, NAMESPACE, applications, await_all_done, pause_healing
from tests.cluster.plane.client import Object
from tests.cluster.plane.mirrored import Workplace, make_workplace
from tests.cluster.plane.process import wait_until
from tests.cluster.plane.rendered import render
from tests.cluster.plane.world import World, gitops_of, open_world

EXAMPLE, PLATFORM = "cluster-smallest", "smallest"
SEED = 20261121
BEFORE_WAVES = [one for one in STEPS[: STEPS.index("waves")] if one != "narrow"]
"""`narrow` is a step only where a layer is left out; tests/cluster/test_live.py has one."""
_CLOSED = {"key": "test.llmplat.dev/closed", "effect": "NoSchedule"}
OURS = {"llmplat.dev/platform": PLATFORM}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, crds: Path) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("world"), crds) as opened:
        furnish_for_up(opened.admin, PLATFORM, _secrets())
        yield opened


@pytest.fixture(scope="module")
def place(world: World, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    changes = {
        "gitops": {"oci": {"repository": f"{world.mirror.registry}/platform"}},
        "profile": "serving",
        # Adopted: its processes run beside the control plane, and stay what they are.
        "components": {"argo-cd": {"enabled": False}},
    }
    kubeconfig = world.plane.kubeconfig("someone")
    return make_workplace(
        tmp_path_factory.mktemp("place"), EXAMPLE, world.mirror, kubeconfig, changes
    )


@pytest.mark.timeout(3600)
def test_a_platform_comes_up_however_often_up_is_killed(world: World, place: Workplace) -> None:
    """SIGKILL at each step, a moment into it; the next run takes over, the last one converges."""
    rng = random.Random(SEED)
    killed = {}
    with _no_engine_starts(world):
        for step in (*BEFORE_WAVES, "waves", "waves"):
            delay_s = rng.uniform(0, 0.4) if step != "waves" else rng.uniform(2, 20)
            process = place.start("up", "--yes", LLMPLAT_TEST_KILL=f"{step}:{delay_s:.3f}")
            _, told = process.communicate(timeout=900)
            assert process.returncode == -signal.SIGKILL, f"{step}: {told[-2000:]}"
            killed[step] = delay_s
            _assert_on_record(world)
    done = place.run("up", "--yes", "-o", "json", timeout_s=2400)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    print(f"killed at {killed}, then up in {report['tookSeconds']} s")
    _assert_converged(world)
    assert report["notRun"] == ["a completion: the profile serving has no gateway"]


@contextmanager
def _no_engine_starts(world: World) -> Iterator[None]:
    """The machines with its GPUs take no pods: however late a kill comes, the platform is not up."""
    nodes = world.admin.list("v1", "Node", labels="nvidia.com/gpu.product=NVIDIA-L4")
    assert nodes
    for node in nodes:
        world.admin.patch(node, {"spec": {"taints": [_CLOSED]}})
    try:
        yield
    finally:
        for node in nodes:
            world.admin.patch(node, {"spec": {"taints": None}})


@pytest.mark.timeout(1800)
def test_killed_at_the_end_it_is_still_up(world: World, place: Workplace) -> None:
    for step in ("verify", "done"):
        process = place.start("up", "--yes", LLMPLAT_TEST_KILL=f"{step}:0.0")
        _, told = process.communicate(timeout=900)
        assert process.returncode == -signal.SIGKILL, f"{step}: {told[-2000:]}"
        _assert_converged(world, step=None)
    assert place.run("up", "--yes").returncode == 0
    _assert_converged(world)


def test_up_again_changes_nothing(world: World, place: Workplace) -> None:
    before = _versions(world)
    done = place.run("up", "--yes", "-o", "json")
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert (report["changed"], report["removed"], report["sent"]) == ([], [], 0)
    assert _versions(world) == before
    print(f"up again: {report['tookSeconds']} s")


def test_dry_run_shows_that_nothing_would_change(place: Workplace) -> None:
    done = place.run("up", "--dry-run", "-o", "json")
    assert done.returncode == 0, done.stderr[-3000:]
    preview = json.loads(done.stdout)
    assert (preview["add"], preview["change"], preview["remove"]) == ([], [], [])


def test_status_tells_models_queues_and_applications(place: Workplace) -> None:
    report = _healthy_status(place)
    assert [(one["model"], one["ready"]) for one in report["models"]] == [("qwen3-small", 1)]
    assert report["queues"][0]["admitted"] == 1


def _healthy_status(place: Workplace) -> Object:
    """The first report that is well: Argo CD looks again at any time, and says so for that moment."""
    said: list[Object] = []

    def is_healthy() -> bool:
        done = place.run("status", "-o", "json")
        said.append(json.loads(done.stdout))
        assert (done.returncode == 0) is said[-1]["healthy"], done.stderr[-2000:]
        return bool(said[-1]["healthy"])

    wait_until("the status is healthy", is_healthy)
    return said[-1]


def test_verify_holds_and_says_when_a_control_is_gone(world: World, place: Workplace) -> None:
    done = place.run("verify", "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert (report["failed"], report["notRun"]) == (0, 0)
    policy = world.admin.get(
        "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "llmplat-digest"
    )
    pause_healing(world.admin, "root", "admission")
    world.admin.delete(policy)
    broken = place.run("verify", "-o", "json")
    assert broken.returncode == 6, broken.stdout
    names = [
        one["name"] for one in json.loads(broken.stdout)["checks"] if one["verdict"] == "broken"
    ]
    assert any("rendered" in name for name in names)


def test_a_wider_profile_comes_up_and_answers_through_the_gateway(
    world: World, place: Workplace
) -> None:
    """The answer comes by the API server's port-forward; its far end, the gateway's pod, is played."""
    place.edit(profile="llm-gateway")
    with answering_gateway(world.plane.forward_port, KEY) as asked:
        done = place.run("up", "--yes", "-o", "json", timeout_s=1500)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert {"litellm", "route-qwen3-small"} <= set(report["changed"])
    assert [(one["model"], one["tokens"]) for one in report["proofs"]] == [("qwen3-small", 3)]
    assert (asked.paths, asked.refused) == (["/v1/chat/completions"], 0)
    _assert_converged(world)


def test_a_gateway_that_does_not_answer_is_an_error(world: World, place: Workplace) -> None:
    with answering_gateway(world.plane.forward_port, "another key"):
        done = place.run("up", "--yes", "-o", "json")
    error = json.loads(done.stderr)
    assert (done.returncode, error["code"]) == (1, "gateway-failed")
    assert "HTTP 401" in error["why"]
    assert KEY not in done.stdout + done.stderr


def test_delivery_moves_to_git(world: World, place: Workplace) -> None:
    """Every Application follows the commit; a run after that commits nothing."""
    place.edit(gitops=gitops_of(world, "git"))
    done = place.run("up", "--yes", "--no-proof", "-o", "json", timeout_s=1500)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    commit = _git(world, "rev-parse", "main")
    assert report["revision"] == commit
    root = applications(world.admin)["root"]
    assert root["spec"]["source"]["repoURL"].startswith("file://")
    _assert_converged(world)
    again = json.loads(place.run("up", "--yes", "--no-proof", "-o", "json").stdout)
    assert (again["changed"], again["sent"], _git(world, "rev-parse", "main")) == ([], 0, commit)


BAD = {
    "a context that is not there": (("--context", "nowhere"), 5, "cluster-unreachable"),
    "no yes": ((), 3, "input-invalid"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_call_changes_nothing(world: World, place: Workplace, name: str) -> None:
    words, code, error = BAD[name]
    before = _versions(world)
    yes = ("--yes",) if words else ()
    done = place.run("up", *yes, *words, "-o", "json")
    assert done.returncode == code, done.stderr[-2000:]
    assert error in done.stderr
    assert _versions(world) == before


def test_somebody_without_rights_is_told_all_of_them(world: World, place: Workplace) -> None:
    stranger = world.plane.kubeconfig("stranger", groups=("nobodies",))
    done = place.run("up", "--yes", "-o", "json", KUBECONFIG=str(stranger))
    assert done.returncode == 5, done.stderr[-2000:]
    assert "cluster-refused" in done.stderr or "not allowed" in done.stderr


def test_another_platform_is_refused(world: World, place: Workplace) -> None:
    before = _versions(world)
    place.edit(name="another")
    try:
        done = place.run("up", "--yes")
    finally:
        place.edit(name=PLATFORM)
    assert done.returncode == 5
    assert "already holds the platform 'smallest'" in done.stderr
    assert _versions(world) == before


def _git(world: World, *words: str) -> str:
    argv = ["git", "-C", str(world.folder / "git"), *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def _secrets() -> list[str]:
    """Every secret of the widest profile, by the name that the backend knows it by."""
    cluster = render(EXAMPLE, "full").plan.cluster
    assert cluster is not None
    return [one.remote for one in cluster.workloads.secrets.secrets]


def _inventory(world: World) -> Object | None:
    found = world.admin.find("v1", "ConfigMap", "llmplat-inventory", "llmplat-system")
    return json.loads(found["data"]["inventory.json"]) if found else None


def _assert_on_record(world: World) -> None:
    """Whatever carries our label beside the tree is in the inventory, or is the inventory itself."""
    inventory = _inventory(world)
    made = {(one["kind"], one["name"]) for one in (inventory or {}).get("made", ())}
    for kind, name in (("Application", "root"), ("AppProject", "llmplat-root")):
        there = world.admin.find(API, kind, name, NAMESPACE)
        assert there is None or (kind, name) in made, f"{kind} {name} is an orphan"


def _assert_converged(world: World, step: str | None = "done") -> None:
    # Argo CD looks again at any time, and an Application is not done for that moment.
    await_all_done(world.admin, set(applications(world.admin)))
    inventory = _inventory(world)
    assert inventory is not None
    assert step is None or inventory["step"] == step
    projects = world.admin.list(API, "AppProject", NAMESPACE)
    names = [it["metadata"]["name"] for it in projects]
    assert len(names) == len(set(names))
    deployments = world.admin.list("apps/v1", "Deployment", labels="llmplat.dev/role=engine")
    assert len(deployments) == 1
    _assert_on_record(world)


def _versions(world: World) -> dict[str, object]:
    """What must not move: specs of Applications and projects, the inventory, the workloads."""
    found = {
        f"{kind}/{it['metadata']['name']}": it["metadata"]["generation"]
        for kind in ("Application", "AppProject")
        for it in world.admin.list(API, kind, NAMESPACE)
        if kind == "AppProject"
    }
    found |= {name: it["spec"] for name, it in applications(world.admin).items()}
    return {**found, "inventory": _inventory(world)}
