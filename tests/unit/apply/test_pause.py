"""A pause takes engines on GPUs to zero and holds the queues; its end restores the very figures."""

from contextlib import nullcontext, suppress

import pytest

from llmplat.apply.cluster_claim import Held
from llmplat.apply.going import Patience
from llmplat.apply.pause import AT_ZERO, PauseTools, pause, read_paused, refuse_paused, resume
from llmplat.domain.cluster import Object, ObjectRef, ref_of
from llmplat.domain.errors import PreconditionError, TimedOutError
from tests.fakes.live_platform import NAME, application, live_platform, thing
from tests.fakes.living_cluster import LivingCluster
from tests.fakes.recording_progress import RecordingProgress

KUEUE = "kueue.x-k8s.io/v1beta2"
WRITER = ObjectRef("apps/v1", "Deployment", "models-team-a", "writer-gpu")
QUEUE = ObjectRef(KUEUE, "ClusterQueue", None, "team-a")
SCALED = ObjectRef("keda.sh/v1alpha1", "ScaledObject", "models-team-a", "writer-gpu")


def engine(name: str, *, gpus: int, replicas: int, platform: str = NAME) -> Object:
    limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    pod = {"containers": [{"name": "engine", "resources": {"limits": limits}}]}
    return thing(
        "apps/v1", "Deployment", name, "models-team-a", platform=platform,
        metadata={"labels": {"llmplat.dev/model": name}},
        spec={"replicas": replicas, "template": {"spec": pod}},
        status={"replicas": replicas},
    )  # fmt: skip


def running() -> LivingCluster:
    """With an engine on GPUs that KEDA scales, one on processors, a queue, and a neighbour's."""
    cluster = live_platform()
    mine = engine("writer-gpu", gpus=2, replicas=3)
    scaled = thing("keda.sh/v1alpha1", "ScaledObject", "writer-gpu", "models-team-a")
    queue = thing(KUEUE, "ClusterQueue", "team-a", spec={"stopPolicy": "None"})
    held = [mine, scaled, queue]
    cluster.manage(*held, application("model-writer-gpu", 5, held, layer="serving"))
    cluster.put(
        engine("small", gpus=0, replicas=1),
        engine("theirs", gpus=1, replicas=1, platform="another"),
        thing(KUEUE, "ClusterQueue", "other", platform="another", spec={"stopPolicy": "None"}),
    )
    cluster.on_tick = _end_pods
    return cluster


def _end_pods(cluster: LivingCluster) -> None:
    for it in cluster.objects.values():
        if it["kind"] == "Deployment" and "replicas" in it.get("spec", {}):
            it["status"] = {"replicas": it["spec"]["replicas"]}


def tools(cluster: LivingCluster) -> PauseTools:
    patience = Patience(30, 1.0, cluster.now_s, cluster.sleep)
    return PauseTools(cluster, lambda: nullcontext(Held()), patience=patience)


def wishes(cluster: LivingCluster) -> dict[str, object]:
    """Everything but versions and the record itself."""
    return {
        str(ref): {**it.get("spec", {}), "notes": dict(it["metadata"].get("annotations") or {})}
        for ref, it in cluster.objects.items()
        if ref.name != "llmplat-paused"
    }


def test_gpus_rest_and_come_back_to_the_very_figures() -> None:
    cluster = running()
    before = wishes(cluster)
    report = pause(NAME, tools(cluster), RecordingProgress())
    assert [(one.model, one.replicas, one.gpus) for one in report.models] == [("writer-gpu", 3, 2)]
    assert cluster.objects[WRITER]["spec"]["replicas"] == 0
    assert cluster.objects[SCALED]["metadata"]["annotations"][AT_ZERO] == "0"
    assert cluster.objects[QUEUE]["spec"]["stopPolicy"] == "Hold"
    small, theirs, other = (
        ObjectRef("apps/v1", "Deployment", "models-team-a", "small"),
        ObjectRef("apps/v1", "Deployment", "models-team-a", "theirs"),
        ObjectRef(KUEUE, "ClusterQueue", None, "other"),
    )
    assert cluster.objects[small]["spec"]["replicas"] == 1
    assert cluster.objects[theirs]["spec"]["replicas"] == 1
    assert cluster.objects[other]["spec"]["stopPolicy"] == "None"
    resume(NAME, tools(cluster), RecordingProgress())
    assert wishes(cluster) == before
    assert read_paused(cluster) is None


def test_twice_is_safe_and_forgets_no_figure() -> None:
    cluster = running()
    pause(NAME, tools(cluster), RecordingProgress())
    again = pause(NAME, tools(cluster), RecordingProgress())
    assert not again.is_changed
    assert again.models[0].replicas == 3
    assert resume(NAME, tools(cluster), RecordingProgress()).is_changed
    assert not resume(NAME, tools(cluster), RecordingProgress()).is_changed


@pytest.mark.parametrize("last", range(9))
def test_killed_in_between_the_next_run_goes_on(last: int) -> None:
    cluster, before = running(), wishes(running())

    def kill(verb: str, ref: ObjectRef) -> None:
        del verb, ref
        if len(cluster.writes) >= last:
            raise KeyboardInterrupt

    for act in (pause, resume):
        cluster.writes.clear()
        cluster.before = kill
        with suppress(KeyboardInterrupt):
            act(NAME, tools(cluster), RecordingProgress())
        cluster.before = lambda verb, ref: None
        act(NAME, tools(cluster), RecordingProgress())
    assert wishes(cluster) == before


def test_an_engine_that_does_not_end_is_named() -> None:
    cluster = running()
    cluster.on_tick = lambda _: None
    with pytest.raises(TimedOutError) as raised:
        pause(NAME, tools(cluster), RecordingProgress())
    assert "models-team-a/writer-gpu" in raised.value.what


def test_up_is_refused_while_paused_and_a_platform_that_is_not_there_too() -> None:
    cluster = running()
    refuse_paused(cluster)
    pause(NAME, tools(cluster), RecordingProgress())
    with pytest.raises(PreconditionError, match="paused since"):
        refuse_paused(cluster)
    with pytest.raises(PreconditionError, match="no platform nothing"):
        pause("nothing", tools(LivingCluster()), RecordingProgress())


def test_a_record_changed_by_hand_is_told() -> None:
    cluster = running()
    pause(NAME, tools(cluster), RecordingProgress())
    record = next(ref for ref in cluster.objects if ref.name == "llmplat-paused")
    cluster.objects[record]["data"]["paused.json"] = "{}"
    with pytest.raises(PreconditionError, match="changed by hand"):
        resume(NAME, tools(cluster), RecordingProgress())


def test_the_record_is_ours() -> None:
    cluster = running()
    pause(NAME, tools(cluster), RecordingProgress())
    record = next(it for ref, it in cluster.objects.items() if ref.name == "llmplat-paused")
    assert ref_of(record).namespace == "llmplat-system"
    assert record["metadata"]["labels"]["llmplat.dev/platform"] == NAME
