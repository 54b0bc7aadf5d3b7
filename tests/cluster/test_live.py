"""diff --live, pause, resume and narrowing on a real control plane with Argo CD and Kueue."""

import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from typing import Any

import pytest

from llmplat.adapters.kube_cluster import KubeCluster, open_cluster
from llmplat.apply.cluster_claim import Held
from llmplat.apply.cluster_inventory import read_inventory
from llmplat.apply.going import Patience
from llmplat.apply.live_diff import LiveDiffReport, make_live_diff
from llmplat.apply.narrow import find_narrowing, narrow
from llmplat.apply.pause import PauseTools, pause, resume
from llmplat.domain.inventory import labels_of
from tests.cluster.plane.argocd import pause_healing
from tests.cluster.plane.client import Object
from tests.cluster.plane.process import wait_until
from tests.cluster.plane.rendered import Rendered
from tests.cluster.plane.slim import SlimWorld
from tests.fakes.recording_progress import RecordingProgress

NAME = "two-teams"
MIRRORED = {"keda", "llmplat-platform"}
"""What names the address of a chart, which the test takes from its mirror."""


@pytest.fixture
def cluster(slim: SlimWorld) -> Iterator[KubeCluster]:
    with closing(open_cluster("test", {"KUBECONFIG": str(slim.work.kubeconfig)})) as opened:
        yield opened


def test_only_what_differs_is_told(slim: SlimWorld, cluster: KubeCluster) -> None:
    rendered = slim.bring_up()
    wait_until("Argo CD is at rest", lambda: _diff(rendered, cluster).unsettled == ())
    assert {one.name for one in _diff(rendered, cluster).changes} <= MIRRORED
    stray = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "stray", "namespace": "llm-gateway", "labels": labels_of(NAME)},
    }
    slim.admin.apply(stray)
    healing = {name: slim.applications()[name] for name in ("litellm", "root")}
    pause_healing(slim.admin, "root", "litellm")
    gateway = slim.admin.get("apps/v1", "Deployment", "gateway", "llm-gateway")
    slim.admin.patch(gateway, {"spec": {"replicas": 7}})
    try:
        found = {one.name: one for one in _diff(rendered, cluster).changes}
        assert found["stray"].act == "remove"
        wanted = "- spec.replicas: 7"
        assert wanted in found["gateway"].details
        assert set(found) <= MIRRORED | {"stray", "gateway", "litellm", "root"}
    finally:
        slim.admin.delete(stray)
        _heal(slim, healing, gateway)


def test_gpus_rest_and_argo_cd_leaves_it_so_until_they_are_brought_back(
    slim: SlimWorld, cluster: KubeCluster
) -> None:
    slim.bring_up()
    before = _figures(slim)
    tools = PauseTools(cluster, lambda: nullcontext(Held()), patience=Patience(180))
    pause(NAME, tools, RecordingProgress())
    paused = _figures(slim)
    assert paused["engine-writer"] == 0
    assert {paused[name] for name in ("platform", "team-a", "team-b")} == {"Hold"}
    time.sleep(10)  # Argo CD heals within a second what it is let to
    assert _figures(slim) == paused
    resume(NAME, tools, RecordingProgress())
    wait_until("all is as before", lambda: _figures(slim) == before)


def test_a_narrower_profile_removes_what_it_leaves_out_and_syncs(
    slim: SlimWorld, cluster: KubeCluster
) -> None:
    slim.bring_up()
    narrower = slim.tree("serving")
    narrowing = find_narrowing(cluster, NAME, narrower.tree)
    assert [one.name for one in narrowing.applications] == [
        "litellm",
        "counters",
        "route-writer",
        "inference-gateway",
    ]
    assert narrowing.layers == ("llm-gateway", "routing")
    assert [one.ref.name for one in narrowing.volumes] == ["data-counters-0"]
    narrow(narrowing, RecordingProgress(), Patience(300))
    # Argo CD takes the new root without waiting for anybody's yes.
    slim.bring_up("serving")
    assert set(slim.applications()) >= set(narrower.applications)
    assert not {"litellm", "counters"} & set(slim.applications())
    assert slim.admin.find("v1", "PersistentVolumeClaim", "data-counters-0", "llm-gateway")
    assert not find_narrowing(cluster, NAME, narrower.tree)


def _diff(rendered: Rendered, cluster: KubeCluster) -> LiveDiffReport:
    return make_live_diff(rendered.tree, cluster, read_inventory(cluster))


def _heal(slim: SlimWorld, healing: dict[str, Object], gateway: Object) -> None:
    """Have Argo CD put right what it was to leave alone; the next test begins with that."""
    for application in healing.values():
        policy = application["spec"]["syncPolicy"]
        slim.admin.patch(application, {"spec": {"syncPolicy": policy}})
    wanted = gateway["spec"]["replicas"]
    slim.admin.wait(gateway, lambda it: it["spec"]["replicas"] == wanted)


def _figures(slim: SlimWorld) -> dict[str, Any]:
    """Replicas of every Deployment, policy of every queue."""
    deployments = slim.admin.list("apps/v1", "Deployment")
    queues = slim.admin.list("kueue.x-k8s.io/v1beta2", "ClusterQueue")
    found = {_name(it): it["spec"]["replicas"] for it in deployments}
    return found | {_name(it): it["spec"].get("stopPolicy") for it in queues}


def _name(thing: Object) -> str:
    return str(thing["metadata"]["name"])
