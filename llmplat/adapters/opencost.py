"""OpenCost's allocation API -> GPU hours and GPU cost by namespace and model.

`GET /allocation?window=START,END&aggregate=namespace,label:NAME&accumulate=true` answers
`{"code": 200, "data": [{"NAMESPACE/VALUE": {"start", "gpuHours", "gpuCost", ...}}]}`; a float that is no
number is null there, and a failure is `{"code": 500, "message": ...}`. Source:
github.com/opencost/opencost, core/pkg/opencost/allocation_json.go, allocationprops.go (GenerateKey)
and pkg/costmodel/aggregation.go (ComputeAllocationHandler), as of 2024-10, read 2026-11; a program
built from that state answered so over real metrics. The pinned release itself was not run.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from llmplat.adapters.web_trust import trust_for
from llmplat.domain.allocations import Allocations, GpuAllocation
from llmplat.domain.errors import PreconditionError
from llmplat.domain.units import usd_to_nano

MODEL_LABEL = "llmplat_dev_model"
"""The label that names a pod's model, spelled as Prometheus and so OpenCost spell it."""
_UNALLOCATED = "__unallocated__"
_TIMEOUT_S = 180.0
"""It asks Prometheus day by day, some forty questions each: a month takes a while."""
_MOST = 1e12
"""No cluster has so many GPU hours or dollars."""
_Rows = list[tuple[str, Mapping[str, Any]]]


class OpenCost:
    """A CostMonitor: the OpenCost at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def allocations(self, since: dt.datetime, until: dt.datetime) -> Allocations:
        """See CostMonitor."""
        try:
            rows = _rows(self._ask(since, until))
            gpus = tuple(sorted(_gpus(rows), key=lambda one: (one.namespace, one.model)))
            begins = [_begin(row["start"]) for _, row in rows]
        except httpx.HTTPError as error:
            raise _odd(str(error) or type(error).__name__) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _odd("what it says is not what OpenCost says") from error
        return Allocations(gpus, min(begins, default=None))

    def _ask(self, since: dt.datetime, until: dt.datetime) -> Any:  # noqa: ANN401 (JSON of others)
        params = {
            "window": f"{_moment(since)},{_moment(until)}",
            "aggregate": f"namespace,label:{MODEL_LABEL}",
            "accumulate": "true",
            "includeIdle": "false",
        }
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False, verify=trust_for(self._url)) as http:
            answer = http.get(f"{self._url}/allocation", params=params)
        if answer.status_code != 200:
            raise _odd(f"HTTP {answer.status_code}: {_in_line(answer.text)}")
        return answer.json()


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rows(found: Any) -> _Rows:  # noqa: ANN401 (JSON of others)
    """Every allocation with its key; sets that are null hold none."""
    if found["code"] != 200:
        raise _odd(_in_line(str(found.get("message", found["code"]))))
    return [row for one in found["data"] or () for row in (one or {}).items() if row[1] is not None]


def _gpus(rows: _Rows) -> Iterator[GpuAllocation]:
    for key, row in rows:
        namespace, _, model = key.partition("/")
        hours, usd = _number(row["gpuHours"]), _number(row["gpuCost"])
        if hours:
            named = "" if model == _UNALLOCATED else model
            yield GpuAllocation(namespace, named, hours, usd_to_nano(usd))


def _begin(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    if at.tzinfo is None:
        msg = f"{text} is of no time zone"
        raise ValueError(msg)
    return at


def _number(value: Any) -> float:  # noqa: ANN401 (JSON of others)
    """A float of OpenCost's: null where it had none; ValueError for one that cannot be."""
    number = 0.0 if value is None else float(value)
    if not 0 <= number <= _MOST:  # no NaN either
        msg = f"{value} is no amount"
        raise ValueError(msg)
    return number


def _in_line(text: str) -> str:
    """The beginning of an error that may be pages of log lines."""
    return " ".join(text.split())[:200]


def _odd(why: str) -> PreconditionError:
    return PreconditionError(
        "OpenCost does not tell what GPUs cost.",
        why,
        ("kubectl -n opencost get pods", "kubectl -n opencost logs deployment/opencost"),
    )
