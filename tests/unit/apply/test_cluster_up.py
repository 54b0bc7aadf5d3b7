"""`up` on a cluster in memory: its steps, its death before each write, and what it refuses."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import yaml

from llmplat.apply import cluster_claim
from llmplat.apply.argocd_adopt import adopt
from llmplat.apply.cluster_changes import live_hashes
from llmplat.apply.cluster_claim import Claimant, claim
from llmplat.apply.cluster_preview import preview_cluster_up
from llmplat.apply.cluster_reports import Delivered
from llmplat.apply.cluster_secrets import missing_secrets
from llmplat.apply.cluster_tools import ClusterTools, ClusterWish
from llmplat.apply.cluster_up import up_cluster
from llmplat.apply.cluster_wait import Patience, Wanted, applications_of, await_waves
from llmplat.apply.proof import Proof
from llmplat.domain.errors import Finding, PreconditionError, Severity, TimedOutError
from llmplat.domain.inventory import NAMESPACE, REF, Inventory, manifest_of, parse_inventory
from llmplat.render.tree import make_tree
from tests.fakes.argo_cluster import ARGO, names_of, play_argocd, ready_cluster, thing
from tests.fakes.cluster import FakeCluster
from tests.fakes.cluster_platform import catalog, plan_with
from tests.fakes.recording_progress import RecordingProgress

PLAN = plan_with(name="cluster-smallest", profile="llm-gateway")
TREE = make_tree(PLAN, catalog())
WISH = ClusterWish("sha256:file", timeout_s=0.2)
OURS = ("app.kubernetes.io/managed-by", "llmplat")


class Killed(BaseException):
    """SIGKILL: nothing of the run comes after it."""


def load_yaml(text: str) -> list[dict]:
    return [it for it in yaml.load_all(text, Loader=yaml.CSafeLoader) if it]


def tools(cluster: FakeCluster, *, is_argocd_well: bool = True, **changes: object) -> ClusterTools:
    made = ClusterTools(
        cluster=cluster,
        catalog=catalog(),
        who=Claimant("test/1/0", is_gone=lambda _: True),
        deliver=lambda plan, tree, progress: Delivered(str(tree.artifacts[-1].digest), 1, 2),
        preflight=lambda plan, inventory: (),
        missing_secrets=lambda plan: missing_secrets(cluster, plan),
        ensure_argocd=lambda plan, book, progress: adopt(cluster, book, progress),
        verify=lambda plan: (),
        prove=lambda plan: (Proof("qwen3-small", "Hello", 3, 0.1, None),),
        load_yaml=load_yaml,
        on_step=(lambda step: play_argocd(cluster, TREE, load_yaml) if step == "waves" else None)
        if is_argocd_well
        else lambda _: None,
    )
    return replace(made, **changes)


@pytest.fixture(autouse=True)
def unrenewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim is not renewed beside the run, however slow that is: its writes are counted."""
    _without_renewal(monkeypatch)


def _without_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_claim, "_renew", lambda *_: None)


def inventory_of(cluster: FakeCluster) -> Inventory:
    return parse_inventory(cluster.objects[REF])


def test_it_comes_up_and_says_so() -> None:
    cluster, progress = ready_cluster(PLAN), RecordingProgress()
    report = up_cluster(PLAN, WISH, tools(cluster), progress)
    assert report.changed == report.applications
    assert [one.model for one in report.proofs] == ["qwen3-small"]
    found = inventory_of(cluster)
    assert (found.step, found.file_digest, found.profile) == ("done", "sha256:file", "llm-gateway")
    assert found.adopted == ("argocd",)
    assert {ref.name for ref in found.made} == {NAMESPACE, "root", "llmplat-root"}
    steps = [text for kind, text in progress.told if kind == "step"]
    assert steps[:4] == ["Check the cluster", "Look for the secrets", "Argo CD", "Push the tree"]


def test_a_second_run_changes_nothing() -> None:
    cluster = ready_cluster(PLAN)
    up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    before = names_of(cluster, "Application")
    report = up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    assert (report.changed, report.removed) == ((), ())
    assert names_of(cluster, "Application") == before


def test_waves_that_are_done_are_judged_by_one_look() -> None:
    """As many looks as there are waves would each carry every Application."""
    cluster = ready_cluster(PLAN)
    up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    looks: list[str] = []

    class Watched(FakeCluster):
        def list(self, *words: Any, **rest: Any) -> list[dict[str, Any]]:
            looks.append(words[1])
            return cluster.list(*words, **rest)

    watched = Watched()
    watched.objects, watched.served = cluster.objects, cluster.served
    planned = PLAN.cluster.applications if PLAN.cluster else ()
    assert len({one.wave for one in planned}) > 5
    there = applications_of(cluster, PLAN.platform)
    wanted = Wanted(PLAN.platform, live_hashes(there), str(TREE.artifacts[-1].digest))
    with claim(cluster, PLAN.platform, "up", tools(cluster).who) as held:
        await_waves(watched, planned, wanted, Patience(5), RecordingProgress(), held)
    assert looks.count("Application") == 2


def writes_of_a_run() -> int:
    cluster = ready_cluster(PLAN)
    with pytest.MonkeyPatch.context() as monkeypatch:
        _without_renewal(monkeypatch)
        up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    return len([verb for verb, _ in cluster.writes])


@pytest.mark.parametrize("number", range(writes_of_a_run()))
def test_killed_before_any_write_the_next_run_converges(number: int) -> None:
    cluster = ready_cluster(PLAN)
    left = [number]

    def die(verb: str, ref: object) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1

    cluster.before = die
    with suppress(Killed):
        up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    _assert_nothing_orphaned(cluster)
    cluster.before = lambda verb, ref: None
    up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    assert inventory_of(cluster).step == "done"
    _assert_nothing_orphaned(cluster)


def _assert_nothing_orphaned(cluster: FakeCluster) -> None:
    """Root and its project are on record before they are there."""
    made = set(inventory_of(cluster).made) if REF in cluster.objects else set()
    roots = {ref for ref in cluster.objects if ref.api_version == ARGO and "root" in ref.name}
    assert roots <= made


def test_what_preflight_finds_is_told_and_nothing_is_changed() -> None:
    cluster = ready_cluster(PLAN)
    found = (
        Finding("need-missing", "First."),
        Finding("need-missing", "Second."),
        Finding("need-missing", "Only a warning.", severity=Severity.WARNING),
    )
    with pytest.raises(PreconditionError) as caught:
        up_cluster(PLAN, WISH, tools(cluster, preflight=lambda *_: found), RecordingProgress())
    assert [one.what for one in caught.value.findings] == ["First.", "Second."]
    assert cluster.writes == []


def test_missing_secrets_are_named() -> None:
    cluster = ready_cluster(PLAN)
    for ref in [ref for ref in cluster.objects if ref.kind == "Secret"][:2]:
        del cluster.objects[ref]
    with pytest.raises(PreconditionError) as caught:
        up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    assert "2 secrets" in caught.value.what
    assert caught.value.fix == ("llmplat secrets seed",)
    assert cluster.writes == []


def test_another_platform_and_another_project_are_refused() -> None:
    cluster = ready_cluster(PLAN)
    cluster.put(manifest_of(Inventory("other")))
    with pytest.raises(PreconditionError, match="already holds the platform 'other'"):
        up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    cluster.put(manifest_of(Inventory(PLAN.platform, project="one")))
    with pytest.raises(PreconditionError, match="project"):
        up_cluster(PLAN, replace(WISH, project="two"), tools(cluster), RecordingProgress())
    assert cluster.writes == []


def test_a_wave_that_is_not_done_in_time_names_the_object() -> None:
    cluster = ready_cluster(PLAN)
    waits = {
        "spec": {"nodeName": "", "containers": []},
        "status": {
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
                }
            ]
        },
    }
    labels = {"a": "b"}
    cluster.put(
        thing("v1", "Pod", "engine-1", "models-platform", labels=labels, **waits),
        thing(
            "apps/v1",
            "Deployment",
            "engine",
            "models-platform",
            spec={"selector": {"matchLabels": labels}},
        ),
    )

    def half_done(step: str) -> None:
        play_argocd(cluster, TREE, load_yaml)
        model = next(r for r in cluster.objects if r.name == "model-qwen3-small")
        resource = {
            "group": "apps",
            "version": "v1",
            "kind": "Deployment",
            "namespace": "models-platform",
            "name": "engine",
            "health": {"status": "Progressing"},
        }
        status = cluster.objects[model].setdefault("status", {})
        status["health"] = {"status": "Progressing"}
        status["resources"] = [resource]

    with pytest.raises(TimedOutError) as caught:
        up_cluster(
            PLAN,
            WISH,
            tools(cluster, on_step=lambda step: half_done(step) if step == "waves" else None),
            RecordingProgress(),
        )
    assert "model-qwen3-small" in caught.value.what
    assert "Pod models-platform/engine-1: no node has the GPUs free" in (caught.value.why or "")
    assert inventory_of(cluster).step == "waves"


def test_what_was_not_run_is_said() -> None:
    cluster, progress = ready_cluster(PLAN), RecordingProgress()
    report = up_cluster(PLAN, replace(WISH, is_proving=False), tools(cluster), progress)
    assert report.proofs == ()
    assert report.not_run == ("a completion through the gateway: --no-proof",)
    assert ("warn", "not run: a completion through the gateway: --no-proof") in progress.told


def test_the_preview_changes_nothing() -> None:
    cluster = ready_cluster(PLAN)
    preview = preview_cluster_up(PLAN, WISH, tools(cluster))
    assert len(preview.add) == len(PLAN.cluster.applications) if PLAN.cluster else False
    assert cluster.writes == []
    up_cluster(PLAN, WISH, tools(cluster), RecordingProgress())
    after = preview_cluster_up(PLAN, WISH, tools(cluster))
    assert (after.add, after.change, after.remove) == ((), (), ())
