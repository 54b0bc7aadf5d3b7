"""Status and verify of a platform on a cluster in memory: what waits and why, what holds and what was not tried."""

import json

import pytest

from llmplat.domain.cluster import Object
from llmplat.domain.errors import ClusterError
from llmplat.domain.ports import HttpAnswer
from llmplat.domain.unhealthy import why_pod_waits
from llmplat.observe.cluster_status import make_cluster_status
from llmplat.observe.cluster_verify import Verdict, verify_cluster
from llmplat.render.objects import make_objects
from tests.fakes.argo_cluster import ARGO, ready_cluster, thing
from tests.fakes.cluster import FakeCluster, served_by
from tests.fakes.cluster_platform import plan_with

PLAN = plan_with(name="cluster-smallest", profile="llm-gateway")
OURS = {"llmplat.dev/platform": PLAN.platform}
ENGINE = {**OURS, "llmplat.dev/role": "engine", "llmplat.dev/model": "m", "llmplat.dev/owner": "a"}


def pod(**status: object) -> Object:
    spec = status.pop("spec", {"containers": []})
    return thing("v1", "Pod", "p", "models-a", labels=ENGINE, spec=spec, status=status)


def unscheduled(message: str) -> Object:
    condition = {"type": "PodScheduled", "status": "False", "message": message}
    return pod(conditions=[condition])


def waiting(reason: str, message: str = "") -> Object:
    return pod(containerStatuses=[{"state": {"waiting": {"reason": reason, "message": message}}}])


GATED = pod(spec={"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}], "containers": []})


@pytest.mark.parametrize(
    ("found", "reason", "told"),
    [
        (GATED, "gated", "waits in its queue for quota"),
        (unscheduled("3 Insufficient nvidia.com/gpu."), "no-node", "no node has the GPUs free"),
        (unscheduled("unbound immediate PersistentVolumeClaims, volume"), "storage", "volume"),
        (waiting("ImagePullBackOff", "not found"), "image", "ImagePullBackOff: not found"),
        (waiting("CrashLoopBackOff"), "crashing", "CrashLoopBackOff"),
        (waiting("ContainerCreating"), "starting", "ContainerCreating"),
        (pod(phase="Running"), "starting", "not ready yet"),
    ],
)
def test_why_a_pod_waits(found: Object, reason: str, told: str) -> None:
    why = why_pod_waits(found)
    assert why is not None
    assert why.reason == reason
    assert told in why.why


def test_a_pod_that_is_ready_or_done_does_not_wait() -> None:
    assert why_pod_waits(pod(conditions=[{"type": "Ready", "status": "True"}])) is None
    assert why_pod_waits(pod(phase="Succeeded")) is None


def deployment(ready: int) -> Object:
    status = {"readyReplicas": ready}
    return thing("apps/v1", "Deployment", "e", "models-a", labels=ENGINE,
                 spec={"replicas": 2}, status=status)  # fmt: skip


def application(health: str) -> Object:
    status = {"sync": {"status": "Synced"}, "health": {"status": health}}
    return thing(
        ARGO, "Application", "m", "argocd", labels=OURS, spec={"source": {}}, status=status
    )


def test_nothing_there_points_to_up() -> None:
    report = make_cluster_status(FakeCluster(), "p")
    assert (report.is_there, report.is_healthy, report.next_step) == (False, False, "llmplat up")


def test_a_gated_model_is_told_with_its_owner() -> None:
    cluster = FakeCluster()
    cluster.put(deployment(1), application("Progressing"), GATED)
    report = make_cluster_status(cluster, PLAN.platform)
    model = report.models[0]
    assert (model.ready, model.wanted, model.gated, model.is_healthy) == (1, 2, 1, False)
    assert model.why == ("Pod models-a/p: waits in its queue for quota",)
    assert not report.is_healthy
    assert "quota of a" in report.next_step


def test_all_well_points_to_verify() -> None:
    cluster = FakeCluster()
    cluster.put(deployment(2), application("Healthy"))
    report = make_cluster_status(cluster, PLAN.platform)
    assert report.is_healthy
    assert report.next_step == "llmplat verify"


def rendered_cluster() -> FakeCluster:
    cluster = ready_cluster(PLAN)
    everything = [one for those in make_objects(PLAN).values() for one in those]
    cluster.served += served_by(*everything)
    cluster.put(*everything)
    return cluster


def ask(status: int):
    return lambda *_, **__: HttpAnswer(status, {}, b"{}")


def test_what_is_as_rendered_holds_and_a_lost_policy_is_found() -> None:
    cluster = rendered_cluster()
    report = verify_cluster(cluster, PLAN, ask(401))
    looked_up = [one for one in report.checks if "as rendered" in one.name]
    assert len(looked_up) >= 4
    assert {one.verdict for one in looked_up} == {Verdict.HELD}
    lost = next(ref for ref in cluster.objects if ref.kind == "NetworkPolicy")
    del cluster.objects[lost]
    broken = verify_cluster(cluster, PLAN, ask(401)).broken
    assert any(lost.name in one.seen for one in broken)


def test_a_project_open_to_anything_is_found() -> None:
    cluster = rendered_cluster()
    spec = {"sourceRepos": ["*"]}
    cluster.put(thing(ARGO, "AppProject", "llmplat-serving", "argocd", labels=OURS, spec=spec))
    broken = verify_cluster(cluster, PLAN, ask(401)).broken
    assert "llmplat-serving" in " ".join(one.seen for one in broken)


def play_admission(cluster: FakeCluster, *, takes_all: bool) -> None:
    """Pods posted by dry-run: the twin is taken, and attacks are refused unless `takes_all`."""

    def answer(method: str, path: str, **options: object) -> HttpAnswer:
        posted = json.loads(bytes(options["body"]))  # type: ignore[call-overload]
        container, spec = posted["spec"]["containers"][0], posted["spec"]
        is_twin = (
            "@sha256:" in container["image"]
            and "nvidia.com/gpu" not in container["resources"]["limits"]
            and not container["securityContext"].get("privileged")
            and not {"hostNetwork", "volumes", "priorityClassName"} & set(spec)
        )
        if is_twin or takes_all:
            return HttpAnswer(201, {}, b"{}")
        return HttpAnswer(403, {}, b'{"message": "ValidatingAdmissionPolicy x denied request"}')

    cluster.ask = answer  # type: ignore[method-assign]


def test_attempts_are_refused_beside_a_twin_that_is_taken() -> None:
    cluster = rendered_cluster()
    play_admission(cluster, takes_all=False)
    tried = [c for c in verify_cluster(cluster, PLAN, ask(401)).checks if c.group == "ways around"]
    assert len(tried) == 7
    assert {one.verdict for one in tried} == {Verdict.HELD}


def test_an_api_server_that_takes_all_is_found_out() -> None:
    cluster = rendered_cluster()
    play_admission(cluster, takes_all=True)
    tried = [c for c in verify_cluster(cluster, PLAN, ask(401)).checks if c.group == "ways around"]
    assert {one.verdict for one in tried} == {Verdict.BROKEN}


def test_what_cannot_be_tried_is_said_and_not_called_held() -> None:
    cluster = rendered_cluster()
    cluster.denied = {("impersonate", "", "users")}

    def nowhere(*_: object) -> None:
        raise ClusterError("The Service leads nowhere.", "none of its pods is ready")

    cluster.forward = nowhere  # type: ignore[method-assign,assignment]
    not_run = verify_cluster(cluster, PLAN, ask(401)).not_run
    assert {one.group for one in not_run} == {"ways around", "gateway"}
    assert all(one.seen for one in not_run)


def test_a_gateway_that_lets_strangers_in_is_found() -> None:
    cluster = rendered_cluster()
    play_admission(cluster, takes_all=False)
    broken = verify_cluster(cluster, PLAN, ask(200)).broken
    assert {one.group for one in broken} == {"gateway"}
