"""Each check of a live cluster: silent on a good one, and its own finding on a bad one."""

import copy
from collections.abc import Callable

import pytest
import yaml

from llmplat.apply.argocd_install import REDIS
from llmplat.apply.preflight.check import check_cluster
from llmplat.domain.errors import Finding, Severity
from llmplat.domain.inventory import Inventory
from llmplat.plan.plan import Plan
from llmplat.spec.load import parse_platform
from tests.fakes.argo_cluster import ARGO, argocd_part, node, ready_cluster, thing
from tests.fakes.cluster import FakeCluster, crd
from tests.fakes.cluster_platform import catalog, example, plan_with
from tests.fakes.experience import with_sign_in

NAME = "cluster-smallest"
LABELS = {"nvidia.com/gpu.product": "NVIDIA-L4"}


def adopted(document: dict) -> None:
    document["components"] = {"argo-cd": {"enabled": False}}


PLAN = plan_with(adopted, name=NAME, profile="llm-gateway")
WITH_ARGO = plan_with(name=NAME, profile="llm-gateway")


def check(cluster: FakeCluster, plan: Plan = PLAN, inventory: Inventory | None = None):
    document = copy.deepcopy(example(NAME))
    platform = parse_platform(yaml.safe_dump(document), "platform.yaml").platform
    return check_cluster(cluster, plan, platform, catalog(), inventory)


def errors(found: tuple[Finding, ...]) -> list[Finding]:
    return [one for one in found if one.severity is Severity.ERROR]


def test_nothing_is_in_the_way_on_a_good_cluster_and_nothing_is_changed() -> None:
    cluster = ready_cluster(PLAN)
    found = check(cluster)
    assert errors(found) == []
    assert [one for one in found if one.severity is Severity.WARNING] == []
    assert cluster.writes == []
    told = " ".join(one.what for one in found)
    assert "Cilium" in told
    assert "1 nodes with 1 GPUs (NVIDIA-L4)" in told


def older(cluster: FakeCluster) -> None:
    cluster.version = "v1.30.9"


def deny_reading(cluster: FakeCluster) -> None:
    cluster.denied = {("list", "", "nodes"), ("list", "", "pods")}


def deny_making(cluster: FakeCluster) -> None:
    cluster.denied = {("create", "argoproj.io", "applications"), ("create", "", "namespaces")}


def cert_manager(cluster: FakeCluster) -> None:
    annotations = {"meta.helm.sh/release-name": "theirs"}
    cluster.put(crd("cert-manager.io", "issuers", "Issuer", ("v1",), annotations=annotations))


def external_metrics(cluster: FakeCluster) -> None:
    service = {"service": {"namespace": "datadog", "name": "adapter"}}
    name = "v1beta1.external.metrics.k8s.io"
    cluster.put(thing("apiregistration.k8s.io/v1", "APIService", name, spec=service))


def without(kind: str, name: str) -> Callable[[FakeCluster], None]:
    def act(cluster: FakeCluster) -> None:
        for ref in [r for r in cluster.objects if (r.kind, r.name) == (kind, name)]:
            del cluster.objects[ref]

    return act


def old_argocd(cluster: FakeCluster) -> None:
    cluster.put(argocd_part("v2.14.3"))


def other_settings(cluster: FakeCluster) -> None:
    cluster.put(thing("v1", "ConfigMap", "argocd-cm", "argocd", data={}))


def by_label(cluster: FakeCluster) -> None:
    found = next(o for r, o in cluster.objects.items() if r.name == "argocd-cm")
    data = {**found["data"], "application.resourceTrackingMethod": "label"}
    cluster.put(thing("v1", "ConfigMap", "argocd-cm", "argocd", data=data))


def no_argocd(cluster: FakeCluster) -> None:
    without("Namespace", "argocd")(cluster)


def their_root(cluster: FakeCluster) -> None:
    cluster.put(thing(ARGO, "Application", "root", "argocd", spec={}))


def no_default_class(cluster: FakeCluster) -> None:
    cluster.put(thing("storage.k8s.io/v1", "StorageClass", "fast"))


def leaving_namespace(cluster: FakeCluster) -> None:
    gone = thing("v1", "Namespace", "keda")
    gone["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    cluster.put(gone)


def no_gpus(cluster: FakeCluster) -> None:
    cluster.put(node("l4-0", 0, LABELS))


BAD = {
    "an old Kubernetes": (older, "The cluster runs Kubernetes 1.30"),
    "no right to read": (deny_reading, "You may not read"),
    "no right to make": (deny_making, "You may not make"),
    "a foreign cert-manager": (cert_manager, "cert-manager is in the cluster already"),
    "foreign external metrics": (external_metrics, "External metrics"),
    "an old Argo CD": (old_argocd, "is version 2.14.3"),
    "an Argo CD without our health scripts": (other_settings, "lacks 6 of our health scripts"),
    "an Argo CD that tracks by label": (by_label, "tracks its objects by label"),
    "no Argo CD": (no_argocd, "There is no Argo CD"),
    "somebody else's root": (their_root, "Application argocd/root is somebody else's"),
    "no default storage class": (no_default_class, "no default storage class"),
    "a namespace that is being deleted": (leaving_namespace, "is being deleted"),
    "no GPUs": (no_gpus, "has 0 of the GPUs l4; the models need 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found(name: str) -> None:
    act, told = BAD[name]
    cluster = ready_cluster(PLAN)
    act(cluster)
    found = errors(check(cluster))
    assert any(told in one.what for one in found), [one.what for one in found]
    assert all(one.why and one.fix for one in found)
    assert cluster.writes == []


def test_all_that_is_wrong_is_told_together() -> None:
    cluster = ready_cluster(PLAN)
    for act in (older, cert_manager, no_default_class, no_gpus):
        act(cluster)
    assert len(errors(check(cluster))) >= 4


def test_what_our_own_applications_brought_is_no_stranger() -> None:
    cluster = ready_cluster(PLAN)
    cert_manager(cluster)
    labels = {"llmplat.dev/platform": PLAN.platform}
    cluster.put(thing(ARGO, "Application", "cert-manager", "argocd", labels=labels, spec={}))
    assert errors(check(cluster)) == []


def test_an_argo_cd_of_theirs_and_one_in_the_plan_is_refused() -> None:
    found = errors(check(ready_cluster(WITH_ARGO), WITH_ARGO))
    assert [one.fix for one in found] == [("components: {argo-cd: {enabled: false}}",)]


def test_without_an_argo_cd_the_one_in_the_plan_is_installed_by_whoever_may() -> None:
    cluster = ready_cluster(WITH_ARGO)
    no_argocd(cluster)
    found = check(cluster, WITH_ARGO)
    assert errors(found) == []
    assert any("so one is installed" in one.what for one in found)
    cluster.denied = {("create", "rbac.authorization.k8s.io", "clusterroles")}
    (denied,) = errors(check(cluster, WITH_ARGO))
    assert "create clusterroles.rbac.authorization.k8s.io" in str(denied.why)
    assert errors(check(ready_cluster(PLAN, denied=cluster.denied))) == []


def test_one_that_llmplat_installed_is_no_stranger_and_is_not_judged() -> None:
    cluster = ready_cluster(WITH_ARGO)
    other_settings(cluster)
    inventory = Inventory(WITH_ARGO.platform).with_made(REDIS)
    assert errors(check(cluster, WITH_ARGO, inventory)) == []


def test_gpus_of_pools_that_count_from_zero_come_when_they_are_asked_for() -> None:
    plan = plan_with(adopted, name="gke-smallest", profile="llm-gateway")
    cluster = ready_cluster(plan)
    for ref in [ref for ref in cluster.objects if ref.kind == "Node"]:
        del cluster.objects[ref]
    document = copy.deepcopy(example("gke-smallest"))
    platform = parse_platform(yaml.safe_dump(document), "platform.yaml").platform
    found = check_cluster(cluster, plan, platform, catalog(), None)
    assert errors(found) == []
    assert any("l4 (up to 1 GPUs)" in one.what for one in found)


def test_unknown_enforcement_is_a_warning_that_says_so() -> None:
    cluster = ready_cluster(PLAN)
    without("DaemonSet", "cilium")(cluster)
    found = [one for one in check(cluster) if one.severity is Severity.WARNING]
    assert [one.what for one in found] == [
        "Whether network policies are enforced here is not known."
    ]


def test_gpus_that_others_hold_are_not_free() -> None:
    cluster = ready_cluster(PLAN)
    container = {"name": "c", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    spec = {"nodeName": "l4-0", "containers": [container]}
    cluster.put(thing("v1", "Pod", "theirs", "elsewhere", spec=spec))
    found = [one.what for one in check(cluster) if one.severity is Severity.WARNING]
    assert "Of the GPUs l4 only 0 are free; the models need 1." in found


def test_a_component_of_another_version_is_named() -> None:
    cluster = ready_cluster(PLAN)
    cluster.version = "v1.40.0"
    found = check(cluster)
    assert errors(found) == []
    assert any("not known to run on Kubernetes 1.40" in one.what for one in found)


def named(document: dict) -> None:
    with_sign_in(document)
    document["dns"] = {"provider": "cloud-dns", "zone": "my-project/my-zone"}


def challenge(reason: str) -> dict:
    return {
        "apiVersion": "acme.cert-manager.io/v1",
        "kind": "Challenge",
        "metadata": {"name": "chat-1", "namespace": "edge"},
        "spec": {"dnsName": "chat.llm.example.com"},
        "status": {"state": "pending", "reason": reason},
    }


def test_rights_on_the_zone_are_said_before_they_are_missed_and_after() -> None:
    plan = plan_with(named)
    cluster = ready_cluster(plan)
    told = [one for one in check(cluster, plan) if "the zone my-zone" in one.what]
    assert [one.severity for one in told] == [Severity.NOTE]
    assert "add-iam-policy-binding my-zone --project my-project" in told[0].why
    cluster.served.append(("acme.cert-manager.io/v1", "Challenge", "challenges", True))
    cluster.put(challenge("Waiting for DNS-01 challenge propagation: not yet"))
    told = [one for one in check(cluster, plan) if "the zone my-zone" in one.what]
    assert [one.severity for one in told] == [Severity.NOTE]
    cluster.put(challenge("googleapi: Error 403: Forbidden"))
    told = [one for one in check(cluster, plan) if "the zone my-zone" in one.what]
    assert [one.severity for one in told] == [Severity.ERROR]
    assert told[0].what.startswith("The name chat.llm.example.com cannot be proven")
    assert "403" in told[0].why
    assert "ns/external-dns/sa/external-dns" in told[0].fix[0]


def test_a_name_without_a_zone_of_ours_asks_for_no_rights() -> None:
    plan = plan_with(with_sign_in)
    assert not [one for one in check(ready_cluster(plan), plan) if "zone" in one.what]
