"""`down` of a cluster: the order, what stays, what does not go, and every break in between."""

from contextlib import nullcontext
from dataclasses import dataclass, replace

import pytest

from llmplat.apply.cluster_claim import Held
from llmplat.apply.down_cluster import (
    DownClusterReport,
    DownClusterTools,
    DownClusterWish,
    Removal,
    down_cloud,
    down_cluster,
)
from llmplat.apply.going import Patience
from llmplat.domain.cluster import ObjectRef, ref_of
from llmplat.domain.errors import InputError, TimedOutError
from llmplat.domain.inventory import REF
from tests.fakes.live_platform import GATEWAY_API, NAME, claim, live_platform, neighbours, thing
from tests.fakes.living_cluster import LivingCluster
from tests.fakes.recording_progress import RecordingProgress

GATEWAY = ObjectRef(GATEWAY_API, "Gateway", "edge", "edge")
BALANCER = ObjectRef("v1", "Service", "llm-gateway", "llm-gateway")
CLAIM = ref_of(claim())


def tools(cluster: LivingCluster, timeout_s: float = 60) -> DownClusterTools:
    patience = Patience(timeout_s, 1.0, cluster.now_s, cluster.sleep)
    return DownClusterTools(cluster, claim=lambda: nullcontext(Held()), patience=patience)


def run(cluster: LivingCluster, **wish: object) -> DownClusterReport:
    return down_cluster(DownClusterWish(NAME, **wish), tools(cluster), RecordingProgress())  # type: ignore[arg-type]  # a few keywords of one value


def left_of_ours(cluster: LivingCluster) -> set[str]:
    theirs = {ref_of(it) for it in neighbours()}
    return {str(ref) for ref in cluster.objects if ref not in theirs}


def test_everything_goes_in_order_and_no_neighbour_is_touched() -> None:
    cluster = live_platform()
    before = {ref_of(it): cluster.get(ref_of(it)) for it in neighbours()}
    run(cluster, delete_volumes=frozenset({"llm-gateway/data-counters-0"}))
    assert {ref: cluster.get(ref) for ref in before} == before
    # The namespace of a team with things of its own stays, Argo CD's was there before.
    crd = "CustomResourceDefinition scaledobjects.keda.sh"
    assert left_of_ours(cluster) == {"Namespace models-team-a", "Namespace argocd", crd}
    order = [str(ref) for ref in cluster.deleted]
    wanted = ["HTTPRoute edge/api", "Gateway edge/edge", "Service llm-gateway/llm-gateway",
              "Application argocd/llm-gateway", "Application argocd/routing",
              "Application argocd/model-writer", "Application argocd/keda",
              "Application argocd/namespaces", "Application argocd/root",
              "AppProject argocd/llmplat-root", "Secret argocd/llmplat-repository",
              "ConfigMap llmplat-system/llmplat-inventory", "Namespace llmplat-system"]  # fmt: skip
    assert [name for name in order if name in wanted] == wanted


def test_a_volume_stays_with_its_namespace_unless_it_is_named() -> None:
    cluster = live_platform()
    report = run(cluster)
    assert CLAIM in cluster.objects
    assert ObjectRef("v1", "Namespace", None, "llm-gateway") in cluster.objects
    stay = next(it for it in report.stays if it.what == "volume llm-gateway/data-counters-0")
    assert "10Gi" in stay.why
    assert stay.usd_per_month is None
    assert "unknown" in stay.cost
    # Later it is still known as the platform's, and goes when it is named.
    run(cluster, delete_volumes=frozenset({"llm-gateway/data-counters-0"}))
    assert CLAIM not in cluster.objects
    assert ObjectRef("v1", "Namespace", None, "llm-gateway") not in cluster.objects


def test_a_dry_run_says_all_and_changes_nothing() -> None:
    cluster = live_platform()
    before = dict(cluster.objects)
    report = run(cluster, is_dry_run=True)
    assert cluster.objects == before
    assert cluster.writes == []
    told = [one.what for one in report.removed]
    done = run(cluster)
    assert set(told) >= {one.what for one in done.removed}


def test_down_twice_is_safe() -> None:
    cluster = live_platform()
    run(cluster)
    again = run(cluster)
    assert again.removed == ()


@pytest.mark.parametrize("late", [GATEWAY, BALANCER])
def test_it_waits_for_a_finalizer_that_comes_late(late: ObjectRef) -> None:
    cluster = live_platform()
    cluster.objects[late]["metadata"]["finalizers"] = ["example.com/cleanup"]
    cluster.on_tick = lambda it: it.release(late) if it.time_s > 30 and late in it.objects else None
    run(cluster)
    assert REF not in cluster.objects
    assert cluster.time_s > 30


@pytest.mark.parametrize("stuck", [GATEWAY, BALANCER])
def test_what_never_goes_is_named_and_a_later_run_goes_on(stuck: ObjectRef) -> None:
    cluster = live_platform()
    cluster.objects[stuck]["metadata"]["finalizers"] = ["example.com/cleanup"]
    cluster.objects[stuck]["metadata"]["managedFields"] = [
        {
            "manager": "acme-controller",
            "fieldsV1": {"f:metadata": {"f:finalizers": {'v:"example.com/cleanup"': {}}}},
        }
    ]
    with pytest.raises(TimedOutError) as raised:
        run(cluster)
    assert raised.value.exit_code == 7
    assert str(stuck) in raised.value.what
    assert "acme-controller" in (raised.value.why or "")
    assert "example.com/cleanup" in (raised.value.why or "")
    # Nothing behind it was touched.
    assert ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "keda") in cluster.objects
    cluster.release(stuck)
    run(cluster)
    assert REF not in cluster.objects


def test_an_object_inside_an_application_that_does_not_go_is_named() -> None:
    cluster = live_platform()
    deployment = ObjectRef("apps/v1", "Deployment", "models-team-a", "writer")
    cluster.objects[deployment]["metadata"]["finalizers"] = ["example.com/hold"]
    with pytest.raises(TimedOutError) as raised:
        run(cluster)
    assert raised.value.what == (
        "Deployment models-team-a/writer does not go, and with it Application argocd/model-writer."
    )


def test_argo_cd_that_does_not_run_is_told() -> None:
    cluster = live_platform()
    cluster.is_argo_running = False
    with pytest.raises(TimedOutError) as raised:
        run(cluster)
    assert "Argo CD's application controller" in (raised.value.why or "")


def test_a_pod_that_uses_a_volume_is_told() -> None:
    cluster = live_platform()
    cluster.objects[CLAIM]["metadata"]["finalizers"] = ["kubernetes.io/pvc-protection"]
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-counters-0"}}]
    cluster.put(thing("v1", "Pod", "psql", "llm-gateway", platform=None, spec={"volumes": volumes}))
    with pytest.raises(TimedOutError) as raised:
        run(cluster, delete_volumes=frozenset({"llm-gateway/data-counters-0"}))
    assert "used by pod psql" in (raised.value.why or "")


def test_killed_after_any_write_the_next_run_goes_on() -> None:
    whole = live_platform()
    run(whole)
    count = len(whole.writes)
    assert count > 20
    for last in range(count):
        cluster = live_platform()

        def kill(
            verb: str, ref: ObjectRef, cluster: LivingCluster = cluster, last: int = last
        ) -> None:
            del verb, ref
            if len(cluster.writes) >= last:
                raise KeyboardInterrupt

        cluster.before = kill
        with pytest.raises(KeyboardInterrupt):
            run(cluster)
        cluster.before = lambda verb, ref: None
        run(cluster)
        assert set(cluster.objects) == set(whole.objects), f"killed at write {last}"


def test_a_copy_of_ours_and_a_look_alike_stay() -> None:
    cluster = live_platform()
    copy = thing(
        "v1", "Service", "copied", "llm-gateway-2", spec={"type": "LoadBalancer"},
        metadata={
            "annotations": {
                "argocd.argoproj.io/tracking-id": "llm-gateway:/Service:llm-gateway/llm-gateway"
            }
        },
    )  # fmt: skip
    cluster.put(copy)
    run(cluster)
    assert ref_of(copy) in cluster.objects


def test_a_service_of_our_gateway_is_waited_for_and_one_of_theirs_is_not() -> None:
    cluster = live_platform()
    gateway = cluster.objects[GATEWAY]["metadata"]["uid"]
    owner = {"apiVersion": GATEWAY_API, "kind": "Gateway", "name": "edge"}
    spec = {"type": "LoadBalancer"}
    ours = thing("v1", "Service", "edge-lb", "edge", platform=None, spec=spec,
                 metadata={"ownerReferences": [{**owner, "uid": gateway}], "finalizers": ["x/y"]})  # fmt: skip
    theirs = thing("v1", "Service", "their-lb", "llm-gateway-2", platform=None, spec=spec,
                   metadata={"ownerReferences": [{**owner, "uid": "other"}], "finalizers": ["x/y"]})  # fmt: skip
    cluster.put(ours, theirs)
    with pytest.raises(TimedOutError) as raised:
        run(cluster)
    assert "Service edge/edge-lb" in raised.value.what
    # The next run finds its owner gone, and knows it all the same.
    assert GATEWAY not in cluster.objects
    with pytest.raises(TimedOutError) as again:
        run(cluster)
    assert "Service edge/edge-lb does not go." in again.value.what
    cluster.release(ref_of(ours))
    run(cluster)
    assert REF not in cluster.objects
    assert ref_of(theirs) in cluster.objects


def test_what_keeps_a_namespace_is_named() -> None:
    cluster = live_platform()
    cluster.objects[CLAIM]["metadata"]["finalizers"] = ["x/y"]
    with pytest.raises(TimedOutError) as raised:
        run(cluster, delete_volumes=frozenset({"llm-gateway/data-counters-0"}))
    assert "PersistentVolumeClaim llm-gateway/data-counters-0 does not go" in raised.value.what
    assert "x/y" in (raised.value.why or "")


def test_secret_values_stay_until_a_purge() -> None:
    cluster = live_platform()
    value = thing("v1", "Secret", "two-teams-engine-key", "llmplat-secrets")
    cluster.put(thing("v1", "Namespace", "llmplat-secrets"), value)
    report = run(cluster)
    assert ref_of(value) in cluster.objects
    assert any(it.what == "1 secret value" for it in report.stays)
    run(cluster, is_purge=True)
    assert ref_of(value) not in cluster.objects
    assert ObjectRef("v1", "Namespace", None, "llmplat-secrets") not in cluster.objects


def test_a_sync_that_is_tried_again_and_again_is_ended_first() -> None:
    cluster = live_platform()
    root = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "root")
    cluster.objects[root]["status"]["operationState"] = {"phase": "Running"}
    run(cluster)
    assert REF not in cluster.objects
    # It would have made its children again while they were removed.
    assert not [ref for ref in cluster.objects if ref.kind == "Application" and ref.name == "keda"]


def test_only_volumes_of_the_platform_go_and_one_that_is_gone_is_no_fault() -> None:
    cluster = live_platform()
    with pytest.raises(InputError, match="models-team-a/scratch is not the platform's"):
        run(cluster, delete_volumes=frozenset({"models-team-a/scratch"}))
    assert cluster.writes == []
    run(cluster, delete_volumes=frozenset({"llm-gateway/data-counters-7"}))
    assert REF not in cluster.objects


@dataclass
class PlayedCloud:
    """The ground of a platform: what is left of it."""

    left: list[str]
    order: list[str]

    def planned(self) -> tuple[str, ...]:
        return tuple(self.left)

    def has_cluster(self) -> bool:
        return "cluster" in self.left

    def destroy(self, progress: object) -> tuple[str, ...]:
        self.order.append("cloud")
        gone, self.left = tuple(self.left), []
        return gone


def test_the_cloud_goes_last_and_a_cluster_that_is_gone_is_not_asked_about() -> None:
    cluster, cloud = live_platform(), PlayedCloud(["network", "cluster"], [])
    wish = DownClusterWish(NAME)
    report = down_cluster(wish, replace(tools(cluster), cloud=cloud), RecordingProgress())
    assert [one.what for one in report.removed[-2:]] == ["network", "cluster"]
    assert REF not in cluster.objects
    # Its disks outlive the cluster: of all that stays only those are told.
    assert [one.what for one in report.stays] == ["volume llm-gateway/data-counters-0"]
    cloud.left = ["network"]
    report = down_cloud(replace(wish, is_dry_run=True), cloud, RecordingProgress())
    assert [one.what for one in report.removed] == ["network"]
    assert cloud.left == ["network"]
    report = down_cloud(wish, cloud, RecordingProgress())
    assert (report.removed, cloud.left) == ((Removal("cloud", "network"),), [])


def test_what_stays_says_what_it_costs_where_that_is_known() -> None:
    cluster = live_platform()
    priced = replace(tools(cluster), cost_of=lambda volume: (1.1, f"{volume.size} at $0.11"))
    report = down_cluster(DownClusterWish(NAME), priced, RecordingProgress())
    stay = next(it for it in report.stays if it.what.startswith("volume"))
    assert (stay.usd_per_month, stay.cost) == (1.1, "10Gi at $0.11")
