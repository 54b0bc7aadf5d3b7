"""KEDA itself follows the queue of an engine, by the scaler that was rendered and a Prometheus of the test's own."""

import copy
import time
from collections.abc import Iterator

import pytest

from tests.cluster.plane.client import Client, Object
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.keda import FakePrometheus, fake_prometheus
from tests.cluster.plane.process import wait_until
from tests.cluster.plane.rendered import render
from tests.cluster.plane.samples import deployment, namespace

SPACE, ENGINE = "scaled", "engine-coder"
_LEFT = (
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("apps/v1", "ReplicaSet"),
)
WAITING, RUNNING = "num_requests_waiting", "num_requests_running"


@pytest.fixture
def prometheus() -> Iterator[FakePrometheus]:
    with fake_prometheus() as fake:
        fake.values = {WAITING: 0, RUNNING: 0}
        yield fake


@pytest.fixture
def scaled(keda: ControlPlane, prometheus: FakePrometheus) -> Iterator[Client]:
    """One replica of a stand-in for the engine under its real scaler, on a faster clock."""
    keda.admin.apply(namespace(SPACE))
    engine = deployment(ENGINE, SPACE)
    del engine["spec"]["replicas"]
    scaler = _quick(_scaler(), prometheus.url)
    for thing in (engine, scaler):
        keda.admin.apply(thing)
    _await_replicas(keda.admin, 1)
    wait_until("KEDA asks Prometheus", lambda: len(prometheus.queries) > 2)
    yield keda.admin
    for thing in (scaler, engine):
        keda.admin.delete(thing)
    wait_until("all is gone", lambda: not any(keda.admin.list(*kind, SPACE) for kind in _LEFT))


def _scaler() -> Object:
    found = render("cluster-two-teams", "llm-gateway").of_kind("ScaledObject")
    return next(it for it in found if it["metadata"]["name"] == ENGINE)


def _quick(rendered: Object, url: str) -> Object:
    """Only the clock and the address of Prometheus differ from what was rendered."""
    made = copy.deepcopy(rendered)
    made["metadata"]["namespace"] = SPACE
    made["spec"]["pollingInterval"] = 1
    behavior = made["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    for way in behavior.values():
        way["stabilizationWindowSeconds"] = min(3, way["stabilizationWindowSeconds"])
        for policy in way["policies"]:
            policy["periodSeconds"] = 1
    for trigger in made["spec"]["triggers"]:
        trigger["metadata"]["serverAddress"] = url
    return made


def _threshold(name: str) -> float:
    triggers = _scaler()["spec"]["triggers"]
    return float(next(it for it in triggers if it["name"] == name)["metadata"]["threshold"])


def _replicas(admin: Client) -> int:
    return int(admin.get("apps/v1", "Deployment", ENGINE, SPACE)["spec"]["replicas"])


def _await_replicas(admin: Client, count: int) -> None:
    wait_until(f"{count} replicas", lambda: _replicas(admin) == count)


def _stays(admin: Client, count: int, for_s: float) -> None:
    end_s = time.monotonic() + for_s
    while time.monotonic() < end_s:
        assert _replicas(admin) == count
        time.sleep(0.2)


def test_it_grows_inside_the_window_and_shrinks_after(
    scaled: Client, prometheus: FakePrometheus
) -> None:
    plan = render("cluster-two-teams", "llm-gateway").plan
    admitted = next(it for it in plan.models if it.name == "coder").capacity.waiting
    threshold = _threshold("waiting")
    assert threshold < admitted / _scaler()["spec"]["maxReplicaCount"]
    prometheus.values[WAITING] = threshold + 1
    _await_replicas(scaled, 2)
    prometheus.values[WAITING] = threshold * 10
    _await_replicas(scaled, 3)
    _stays(scaled, 3, 2)
    prometheus.values[WAITING] = 0
    _await_replicas(scaled, 1)


def test_below_the_threshold_nothing_moves(scaled: Client, prometheus: FakePrometheus) -> None:
    prometheus.values[WAITING] = _threshold("waiting") - 1
    _await_asked(prometheus, 10)
    _stays(scaled, 1, 5)


@pytest.mark.parametrize("way", ["it answers 503", "the series is gone"])
def test_a_dead_metric_holds_what_is_there(
    scaled: Client, prometheus: FakePrometheus, way: str
) -> None:
    prometheus.values[WAITING] = _threshold("waiting") * 2
    _await_replicas(scaled, 2)
    if way == "it answers 503":
        prometheus.is_dead = True
    else:
        prometheus.values.clear()
    _await_asked(prometheus, 10)
    _stays(scaled, 2, 8)


def _await_asked(prometheus: FakePrometheus, times: int) -> None:
    """Until KEDA has seen for a while what Prometheus says now."""
    asked = len(prometheus.queries)
    wait_until(f"KEDA asked {times} times", lambda: len(prometheus.queries) > asked + times)
