"""OpenCost's allocation API: what is asked, what is read, and everything it may answer instead."""

import datetime as dt
import json
from collections.abc import Iterator

import pytest

from llmplat.adapters.opencost import OpenCost
from llmplat.domain.allocations import Allocations, GpuAllocation
from llmplat.domain.errors import PreconditionError
from llmplat.render.objects.shape import MODEL
from tests.fakes.opencost import FakeOpenCost, serve_opencost

_SINCE = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
_UNTIL = dt.datetime(2026, 11, 1, 14, 30, 5, 7, tzinfo=dt.timezone(dt.timedelta(hours=2)))


@pytest.fixture(scope="module")
def served() -> Iterator[FakeOpenCost]:
    with serve_opencost() as fake:
        yield fake


@pytest.fixture
def fake(served: FakeOpenCost) -> FakeOpenCost:
    served.rows, served.body, served.status = {}, None, 200
    served.asked.clear()
    return served


def _ask(fake: FakeOpenCost) -> Allocations:
    return OpenCost(fake.url).allocations(_SINCE, _UNTIL)


def test_gpu_hours_by_namespace_and_model(fake: FakeOpenCost) -> None:
    fake.hold("models-team-b/coder", 5.5, 3.874849)
    fake.hold("models-team-b/__unallocated__", 1.0, 0.704518)
    fake.hold("kube-system/__unallocated__", 0.0, 0.0)
    assert _ask(fake) == Allocations(
        (
            GpuAllocation("models-team-b", "", 1.0, 704_518_000),
            GpuAllocation("models-team-b", "coder", 5.5, 3_874_849_000),
        ),
        _SINCE,
    )


def test_the_window_is_asked_in_utc_and_by_the_label_of_our_pods(fake: FakeOpenCost) -> None:
    _ask(fake)
    label = MODEL.replace(".", "_").replace("/", "_")
    assert fake.asked == [
        {
            "window": "2026-11-01T00:00:00Z,2026-11-01T12:30:05Z",
            "aggregate": f"namespace,label:{label}",
            "accumulate": "true",
            "includeIdle": "false",
        }
    ]


def test_the_oldest_pod_tells_since_when_it_knows(fake: FakeOpenCost) -> None:
    fake.hold("kube-system/__unallocated__", 0.0, 0.0)
    fake.hold("models-team-b/coder", 5.5, 3.8)
    fake.rows["models-team-b/coder"]["start"] = "2026-11-01T09:00:00Z"
    assert _ask(fake).begin == _SINCE


def test_what_is_no_number_is_null_there_and_nothing_here(fake: FakeOpenCost) -> None:
    fake.hold("a/x", None, None)
    fake.hold("b/y", 1.0, None)
    assert _ask(fake).gpus == (GpuAllocation("b", "y", 1.0, 0),)


@pytest.mark.parametrize(
    "data", [None, [], [None], [{}], [{"models-team-b/coder": None}]], ids=json.dumps
)
def test_no_data_is_no_pod(fake: FakeOpenCost, data: object) -> None:
    fake.body = json.dumps({"code": 200, "data": data})
    assert _ask(fake) == Allocations((), None)


def _row(**changed: object) -> str:
    row = {"start": "2026-11-01T00:00:00Z", "gpuHours": 1.0, "gpuCost": 1.0, **changed}
    return json.dumps({"code": 200, "data": [{"a/b": row}]})


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, "<html>sign in</html>", "not what OpenCost says"),
        (200, "", "not what OpenCost says"),
        (200, "[]", "not what OpenCost says"),
        (200, "7", "not what OpenCost says"),
        (200, '{"data": []}', "not what OpenCost says"),
        (200, '{"code": 200}', "not what OpenCost says"),
        (200, '{"code": 200, "data": {"a": 1}}', "not what OpenCost says"),
        (200, '{"code": 200, "data": [{"a": 1}]}', "not what OpenCost says"),
        (200, '{"code": 200, "data": [{"a/b": {}}]}', "not what OpenCost says"),
        (200, '{"code": 500, "message": "Error: no Prometheus"}', "no Prometheus"),
        (200, _row(gpuHours=float("nan")), "not what OpenCost says"),
        (200, _row(gpuCost=float("inf")), "not what OpenCost says"),
        (200, _row(gpuHours=-1.0), "not what OpenCost says"),
        (200, _row(gpuCost=1e300), "not what OpenCost says"),
        (200, _row(gpuHours="many"), "not what OpenCost says"),
        (200, _row(start="yesterday"), "not what OpenCost says"),
        (200, _row(start="2026-11-01T00:00:00"), "not what OpenCost says"),
        (400, "Invalid 'window' parameter", "HTTP 400: Invalid 'window'"),
        (500, '{"code":500,"message":"Error: boom"}\n' + "line\n" * 999, "HTTP 500"),
        (302, "", "HTTP 302"),
    ],
)
def test_bad_answers_are_told_as_one_error(
    fake: FakeOpenCost, status: int, body: str, why: str
) -> None:
    fake.status, fake.body = status, body
    with pytest.raises(PreconditionError, match="does not tell") as caught:
        _ask(fake)
    told = caught.value.why or ""
    assert why in told
    assert "\n" not in told
    assert len(told) < 300
    assert caught.value.fix


def test_nobody_there() -> None:
    with pytest.raises(PreconditionError, match="does not tell"):
        OpenCost("http://127.0.0.1:1").allocations(_SINCE, _UNTIL)
