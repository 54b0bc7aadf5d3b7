"""Hours of engines by Prometheus: each pod counts for one model, whatever names begin alike."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from llmplat.observe.engine_hours import engine_hours
from llmplat.plan.plan import Plan
from tests.fakes.cluster_platform import plan_with

_PODS = (
    "engine-coder-7d9f-abcde",
    "engine-coder-large-7d9f-abcde",
    "engine-coder-large-7d9f-fghij",
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Two models of one owner, the name of one the beginning of the other's."""
    plan = plan_with()
    assert plan.cluster is not None
    coder = plan.cluster.workloads.engine("coder")
    launch = replace(coder.launch, model="coder-large", name="engine-coder-large")
    large = replace(coder, name="engine-coder-large", launch=launch)
    workloads = replace(plan.cluster.workloads, engines=(coder, large))
    return replace(plan, cluster=replace(plan.cluster, workloads=workloads))


def _counting(minutes: int) -> Callable[[str], Sequence[float]]:
    """Prometheus with all pods running for so long."""

    def query(promql: str) -> Sequence[float]:
        wanted = re.findall(r'pod=~"([^"]+)"', promql)
        unwanted = re.findall(r'pod!~"([^"]+)"', promql)
        found = [
            pod
            for pod in _PODS
            if all(re.fullmatch(one, pod) for one in wanted)
            and not any(re.fullmatch(one, pod) for one in unwanted)
        ]
        return (float(minutes * len(found)),) if found else ()

    return query


def test_a_name_that_begins_like_another_takes_none_of_its_hours(plan: Plan) -> None:
    assert engine_hours(plan, _counting(90), 24) == {"coder": 1.5, "coder-large": 3.0}


def test_what_nobody_told_is_left_out(plan: Plan) -> None:
    assert engine_hours(plan, lambda _: (), 24) == {}
