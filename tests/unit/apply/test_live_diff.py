"""diff --live: what applying would change in the cluster, what it holds beyond the tree, what is unsettled."""

from llmplat.apply.live_diff import CloudChange, LiveDiffReport, make_live_diff
from llmplat.domain.cluster import Object, ObjectRef
from llmplat.domain.errors import ClusterError
from llmplat.domain.inventory import Inventory
from llmplat.domain.manifest import Manifest
from llmplat.render.dump import dump_yaml
from llmplat.render.tree import Tree
from tests.fakes.cluster import served_by
from tests.fakes.live_platform import NAME, application, thing
from tests.fakes.living_cluster import LivingCluster

TRACKED = {"argocd.argoproj.io/tracking-id": "x:/ConfigMap:a/settings"}


def settings(**data: str) -> Object:
    return thing("v1", "ConfigMap", "settings", "a", data=data)


def tree(*things: Object) -> Tree:
    files = (Manifest(f"apps/x/{i}.yaml", dump_yaml(it)) for i, it in enumerate(things))
    return Tree(NAME, tuple(files), (), ())


def cluster(*things: Object) -> LivingCluster:
    made = LivingCluster()
    made.put(*things)
    made.served = list(dict.fromkeys([*made.served, *served_by(*things)]))
    return made


def lines(report: LiveDiffReport) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.act.value, one.name, one.details) for one in report.changes]


def test_the_same_is_the_same_whatever_servers_and_argo_cd_write() -> None:
    live = settings(level="info")
    live["metadata"] |= {"annotations": TRACKED, "generation": 4, "managedFields": [{}]}
    live["metadata"]["labels"]["app.kubernetes.io/instance"] = "x"
    live["status"] = {"seen": True}
    made = cluster(live)
    report = make_live_diff(tree(settings(level="info")), made, None)
    assert report.is_same
    assert made.writes == []


def test_what_differs_is_told_field_by_field() -> None:
    wanted, extra = settings(level="info"), thing("v1", "Secret", "new", "a")
    report = make_live_diff(tree(wanted, extra), cluster(settings(level="debug")), None)
    assert lines(report) == [
        ("change", "settings", ("- data.level: debug", "+ data.level: info")),
        ("add", "new", ()),
    ]


def test_what_the_tree_has_no_more_is_told_and_what_llmplat_keeps_is_not() -> None:
    made = thing("v1", "Secret", "repository", "argocd")
    owned = thing("v1", "ConfigMap", "owned", "a", metadata={"ownerReferences": [{"uid": "1"}]})
    found = cluster(
        settings(),
        thing("v1", "ConfigMap", "old", "a"),
        thing("v1", "ConfigMap", "theirs", "a", platform="another"),
        thing("v1", "ConfigMap", "llmplat-inventory", "llmplat-system"),
        thing("v1", "PersistentVolumeClaim", "data", "a"),
        thing("v1", "Secret", "value", "llmplat-secrets"),
        # Kubernetes makes them with the labels of their Service, and without an owner.
        thing("v1", "Endpoints", "gateway", "a"),
        made,
        owned,
    )
    inventory = Inventory(NAME, made=(ObjectRef("v1", "Secret", "argocd", "repository"),))
    report = make_live_diff(tree(settings()), found, inventory)
    assert lines(report) == [("remove", "old", ())]


def test_a_change_that_the_api_server_refuses_is_told() -> None:
    class Refusing(LivingCluster):
        def apply(self, manifest: Object, **how: object) -> Object:  # type: ignore[override]  # only refuses
            raise ClusterError("No.", "spec.selector: field is immutable")

    found = Refusing()
    found.put(settings(level="debug"))
    report = make_live_diff(tree(settings(level="info")), found, None)
    assert "field is immutable" in report.changes[0].details[0]


def test_applications_that_are_not_settled_and_the_cloud_are_told() -> None:
    one = application("keda", 1, [])
    one["status"] |= {
        "sync": {"status": "OutOfSync"},
        "health": {"status": "Degraded"},
        "conditions": [{"message": "chart not found"}],
    }
    cloud = CloudChange("update", "gpu-l4", ("~ max: 2 -> 4",))
    report = make_live_diff(tree(one), cluster(one), None, lambda: [cloud])
    found = report.unsettled[0]
    assert (found.name, found.sync, found.health, found.why) == (
        "keda",
        "OutOfSync",
        "Degraded",
        "chart not found",
    )
    assert report.cloud == (cloud,)
    assert not report.is_same
