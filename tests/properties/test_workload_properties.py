"""Laws of a cluster's plan that hold for every platform: windows, limits, quotas, names."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.scaling import threshold_of
from llmplat.render.dump import dump_yaml
from tests.fakes.cluster_platform import every, objects_with, plan_with

replicas = st.tuples(st.integers(1, 3), st.integers(0, 3)).map(lambda p: (p[0], p[0] + p[1]))
few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")


@st.composite
def changes(draw):
    """A change of the two-teams example: replicas, waiting, GPUs, quotas, time limits."""
    sizes = {name: draw(replicas) for name in ("writer", "coder")}
    waiting = draw(st.integers(2, 64))
    gpus = draw(st.integers(2, 12))
    quota = draw(st.sampled_from([0, 1, 2, 4, 8]))
    engine = draw(st.integers(10, 500))
    gaps = draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
    kubernetes = draw(st.sampled_from(["1.33", "1.34", "1.35", "1.36"]))

    def change(document):
        for item in document["models"]:
            if item["name"] in sizes:
                least, most = sizes[item["name"]]
                item["replicas"] = {"min": least, "max": most}
        document["gateway"] = {"waitingPerReplica": waiting}
        document["substrate"]["cluster"]["gpus"][0]["count"] = gpus
        document["substrate"]["cluster"]["kubernetes"] = kubernetes
        document["tenants"][0]["gpuQuota"] = quota
        limits = (engine + gaps[0] + gaps[1], engine + gaps[0], engine)
        names = ("client", "gateway", "engine")
        document["timeouts"] = {n: f"{s}s" for n, s in zip(names, limits, strict=True)}

    return change


def planned(change):
    """The plan, or None where the wishes cannot be met together."""
    try:
        return plan_with(change)
    except PlanError as refused:
        return None if refused.why and refused.fix else pytest.fail("a refusal says why and a fix")


@given(st.integers(2, 4096), st.integers(1, 256), st.integers(1, 256))
def test_a_threshold_is_reached_before_anybody_is_refused(waiting, running, most):
    threshold = threshold_of(waiting)
    assert 0 < threshold < waiting
    for have in range(1, most):
        # With all places of `have` replicas taken, so many wait when the gateway's window is full.
        most_waiting = (running + waiting) * most - running * have
        assert most_waiting > threshold * have


@few
@given(changes())
def test_quotas_hold_every_floor_and_never_more_than_there_is(change):
    plan = planned(change)
    if plan is None:
        return
    queues = plan.cluster.workloads.queues
    for flavor in queues.flavors:
        given_out = sum(dict(queue.quotas)[flavor.name] for queue in queues.queues)
        assert given_out <= flavor.supply
    for queue in queues.queues:
        floor = sum(need.floor for need in queues.needs if need.owner == queue.owner)
        assert queue.total >= floor


@few
@given(changes())
def test_time_limits_nest_strictly(change):
    plan = planned(change)
    if plan is None:
        return
    chain = plan.cluster.workloads.routing.chain
    told = (chain.client_ms, chain.gateway_ms, chain.route_ms, chain.router_ms, chain.engine_ms)
    assert all(outer > inner for outer, inner in pairwise(told))


@few
@given(changes())
def test_budgets_of_an_engine_nest(change):
    plan = planned(change)
    if plan is None:
        return
    for engine in plan.cluster.workloads.engines:
        assert engine.progress_s > engine.start_s
        assert engine.launch.stop_grace_s > engine.drain_s >= plan.timeouts.engine_s - 1
        assert plan.cluster.workloads.longest_start_s >= engine.progress_s


@few
@given(changes())
def test_one_owner_of_replicas_each(change):
    if planned(change) is None:
        return
    objects = objects_with(change)
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in every(objects, "ScaledObject")}
    for item in every(objects, "Deployment"):
        assert ("replicas" in item["spec"]) != (item["metadata"]["name"] in scaled)


@few
@given(changes())
def test_objects_are_named_once_and_well_and_the_same_each_time(change):
    if planned(change) is None:
        return
    objects = objects_with(change)
    seen = set()
    for items in objects.values():
        for item in items:
            metadata = item["metadata"]
            key = (item["apiVersion"], item["kind"], metadata.get("namespace"), metadata["name"])
            assert key not in seen, key
            seen.add(key)
            assert LABEL.match(metadata["name"]), key
            assert len(metadata["name"]) <= 63, key
    again = objects_with(change)
    assert json.dumps(objects) == json.dumps(again)
    assert dump_yaml(*objects["litellm"]) == dump_yaml(*again["litellm"])
