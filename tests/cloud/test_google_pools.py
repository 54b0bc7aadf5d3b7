"""Pools resized by the Container API, in Google's terms; every operation is waited for."""

from collections.abc import Callable

import pytest

from llmplat.adapters.google_pools import GooglePools
from llmplat.domain.errors import CloudRefusedError, TimedOutError
from tests.cloud.conftest import rest_of
from tests.fakes.google import FakeProject

Serve = Callable[[FakeProject], FakeProject]
LIMITS = {"enabled": True, "totalMinNodeCount": 1, "totalMaxNodeCount": 4, "locationPolicy": "ANY"}


@pytest.fixture
def project(serve: Serve) -> FakeProject:
    l4 = {"name": "l4", "autoscaling": dict(LIMITS)}
    return serve(FakeProject(node_pools={"l4": l4, "fixed": {"name": "fixed"}}))


def pools(project: FakeProject, **more: float) -> GooglePools:
    rest = rest_of(project)
    return GooglePools(rest, "europe-west4", "demo", sleep=lambda _s: None, **more)


def test_limits_are_read_as_they_are(project: FakeProject) -> None:
    assert pools(project).limits("l4") == LIMITS
    assert pools(project).limits("fixed") == {}
    assert pools(project).limits("none") is None


def test_limits_and_sizes_are_set_one_after_the_other(project: FakeProject) -> None:
    opened = pools(project)
    opened.set_limits("l4", {**LIMITS, "totalMinNodeCount": 0})
    opened.resize("l4", 0)
    assert project.node_pools["l4"]["autoscaling"]["totalMinNodeCount"] == 0
    assert project.sizes == {"l4": 0}
    verbs = [path.rpartition("/")[2] for _, path in project.asked]
    assert verbs == ["l4:setAutoscaling", "operation-0", "operation-0",
                     "l4:setSize", "operation-1", "operation-1"]  # fmt: skip


def test_an_operation_that_does_not_end_is_named(project: FakeProject) -> None:
    project.slow = 1000
    with pytest.raises(TimedOutError, match="operation-0") as caught:
        pools(project, timeout_s=6.0).resize("l4", 0)
    assert caught.value.exit_code == 7


def test_no_permission_is_told(project: FakeProject) -> None:
    project.denied.add(":setSize")
    with pytest.raises(CloudRefusedError):
        pools(project).resize("l4", 0)
    assert project.sizes == {}
