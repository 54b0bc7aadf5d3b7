"""What surrounds an engine: budgets from its size, an owner's namespace, scaling inside the window."""

import pytest

from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.engines import main_memory_bytes, progress_deadline_s, start_budget_s
from llmplat.plan.cluster.scaling import threshold_of
from tests.fakes.cluster_platform import model, plan_with


def test_a_larger_model_may_take_longer():
    assert start_budget_s(0) == 600
    assert start_budget_s(100_000_000_000) == 1600
    assert progress_deadline_s(0, 600) > 600


def test_an_engine_has_the_namespace_of_its_owner():
    spaces = {e.launch.model: e.namespace for e in plan_with().cluster.workloads.engines}
    assert spaces == {
        "assistant": "models-platform",
        "writer": "models-team-a",
        "coder": "models-team-b",
    }


def test_the_grace_outlasts_the_longest_answer():
    plan = plan_with()
    for engine in plan.cluster.workloads.engines:
        assert engine.launch.stop_grace_s > plan.timeouts.engine_s
        assert engine.progress_s > engine.start_s


def test_an_engine_on_gpus_has_room_for_its_processes_and_its_weights():
    gib = 1024**3
    assert main_memory_bytes(2, 65 * gib) == (4 + 2 * 3 + 65) * gib
    engine = plan_with().cluster.workloads.engine("coder")
    assert engine.launch.limits.memory_bytes == 7 * gib + engine.weights_bytes


def test_fixed_replicas_are_not_scaled():
    assert plan_with().cluster.workloads.engine("assistant").scaling is None


def test_where_nothing_may_wait_nothing_can_follow_the_queue():
    def change(document):
        document["gateway"] = {"waitingPerReplica": 1}

    with pytest.raises(PlanError) as refused:
        plan_with(change)
    assert "waitingPerReplica is 1" in refused.value.why


def test_the_threshold_lies_inside_what_may_wait():
    assert threshold_of(2) == 1
    assert threshold_of(16) == 8


def test_the_queries_ask_for_one_deployment_only():
    scaling = plan_with().cluster.workloads.engine("coder").scaling
    waiting = scaling.triggers[0].query
    assert waiting == (
        'sum(vllm:num_requests_waiting{namespace="models-team-b",model_name="coder"})'
    )


def test_a_model_on_the_processor_needs_no_queue():
    def change(document):
        del document["substrate"]["cluster"]["gpus"], document["substrate"]["cluster"]["gpuStack"]
        document["models"] = [model(document, "coder")]
        document["models"][0] |= {"gpu": "auto", "replicas": {"min": 1, "max": 1}}
        document["tenants"] = document["tenants"][1:]
        document["tenants"][0] |= {"models": ["coder"], "gpuQuota": 0}

    engine = plan_with(change).cluster.workloads.engine("coder")
    assert (engine.queue, engine.gpu, engine.launch.runtime) == (None, None, "vllm-cpu")
