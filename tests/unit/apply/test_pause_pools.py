"""On GKE the pools with GPUs rest too: no machine is kept, nobody's job is cut off, and all comes back."""

from contextlib import nullcontext, suppress
from dataclasses import replace

import pytest

from llmplat.apply.cluster_claim import Held
from llmplat.apply.going import Patience
from llmplat.apply.pause import PauseTools, pause, read_paused, resume
from llmplat.apply.pause_pools import PoolTools
from llmplat.domain.cluster import Object
from llmplat.domain.paused import manifest_of, parse_paused
from tests.fakes.live_platform import NAME, thing
from tests.fakes.living_cluster import LivingCluster
from tests.fakes.node_pools import FakeNodePools
from tests.fakes.recording_progress import RecordingProgress
from tests.unit.apply.test_pause import running

TOTAL = {"enabled": True, "totalMinNodeCount": 1, "totalMaxNodeCount": 6, "locationPolicy": "ANY"}
EACH = {"enabled": True, "minNodeCount": 2, "maxNodeCount": 4}
LEAST = {"l4": 0, "h100": 2, "fixed": 1, "gone": 0}


def pools() -> FakeNodePools:
    return FakeNodePools({"l4": dict(TOTAL), "h100": dict(EACH), "fixed": {}})


def tools(cluster: LivingCluster, fake: FakeNodePools) -> PauseTools:
    patience = Patience(30, 1.0, cluster.now_s, cluster.sleep)
    return PauseTools(
        cluster, lambda: nullcontext(Held()), patience=patience, pools=PoolTools(fake, LEAST)
    )


def job(pool: str, *, gpus: int = 1, phase: str = "Running") -> list[Object]:
    labels = {"labels": {"cloud.google.com/gke-nodepool": pool}}
    limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    container = {"name": "c", "resources": {"limits": limits}}
    spec = {"nodeName": f"node-{pool}", "containers": [container]}
    return [
        thing("v1", "Node", f"node-{pool}", metadata=labels, platform=None),
        thing("v1", "Pod", "train", "team-b", spec=spec, status={"phase": phase}, platform=None),
    ]


def test_pools_go_to_zero_and_come_back_to_the_very_limits() -> None:
    cluster, fake = running(), pools()
    report = pause(NAME, tools(cluster, fake), RecordingProgress())
    assert [one.name for one in report.pools] == ["fixed", "h100", "l4"]
    assert fake.sizes == {"l4": 0, "h100": 0, "fixed": 0}
    # The most stays: a pool without one could not come back by itself.
    assert fake.held["l4"] == {**TOTAL, "totalMinNodeCount": 0}
    assert fake.held["h100"] == {**EACH, "minNodeCount": 0}
    resume(NAME, tools(cluster, fake), RecordingProgress())
    assert fake.held == {"l4": TOTAL, "h100": EACH, "fixed": {}}
    assert fake.sizes == {"l4": 0, "h100": 2, "fixed": 1}


def test_engines_end_before_their_machines() -> None:
    cluster, fake = running(), pools()
    fake.before = lambda: None
    seen: list[int] = []
    fake.before = lambda: seen.append(
        sum(
            it["status"]["replicas"]
            for it in cluster.list("apps/v1", "Deployment", "models-team-a")
            if it["metadata"]["name"] == "writer-gpu"
        )
    )
    pause(NAME, tools(cluster, fake), RecordingProgress())
    assert set(seen) == {0}


@pytest.mark.parametrize(("pool", "told"), [("l4", "goes when it ends"), ("fixed", "stays")])
def test_a_job_that_runs_is_not_cut_off(pool: str, told: str) -> None:
    cluster, fake, progress = running(), pools(), RecordingProgress()
    cluster.put(*job(pool))
    pause(NAME, tools(cluster, fake), progress)
    assert pool not in fake.sizes
    assert fake.held["l4"]["totalMinNodeCount"] == 0
    (warning,) = progress.of("warn")
    assert "team-b/train" in warning
    assert told in warning


@pytest.mark.parametrize("kind", [{"gpus": 0}, {"phase": "Succeeded"}])
def test_what_uses_no_gpu_holds_no_machine(kind: dict) -> None:
    cluster, fake = running(), pools()
    cluster.put(*job("l4", **kind))
    pause(NAME, tools(cluster, fake), RecordingProgress())
    assert fake.sizes["l4"] == 0


@pytest.mark.parametrize("number", range(6))
def test_killed_at_any_change_of_a_pool_the_next_run_goes_on(number: int) -> None:
    cluster, fake = running(), pools()
    for act in (pause, resume):
        left = [number]

        def die(left: list[int] = left) -> None:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1

        fake.before = die
        with suppress(KeyboardInterrupt):
            act(NAME, tools(cluster, fake), RecordingProgress())
        fake.before = lambda: None
        act(NAME, tools(cluster, fake), RecordingProgress())
    assert fake.held == {"l4": TOTAL, "h100": EACH, "fixed": {}}
    assert read_paused(cluster) is None


def test_a_record_of_before_pools_were_paused_is_still_read() -> None:
    cluster, fake = running(), pools()
    pause(NAME, tools(cluster, fake), RecordingProgress())
    found = read_paused(cluster)
    assert found is not None
    assert found.pools[1].limits == EACH
    manifest = manifest_of(replace(found, pools=()))
    text = manifest["data"]["paused.json"].replace(' "pools": [],\n', "")
    manifest["data"]["paused.json"] = text
    assert '"pools"' not in text
    assert parse_paused(manifest).pools == ()
