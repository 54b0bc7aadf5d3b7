"""What the parts say -> one report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from llmplat.domain.ports import HttpAnswer
from llmplat.domain.substrate import Health, Role, ServiceStatus, SubstrateStatus
from llmplat.observe.status import make_status, parse_samples

METRICS = """\
# HELP vllm:num_requests_waiting Number of requests waiting.
vllm:num_requests_waiting{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="0",model_name="m"} 8.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:prompt_tokens_total{engine="0",model_name="m"} 1.2e+03
python_info{version="3"} 1.0
"""
ENGINE = ServiceStatus(
    "engine-m-0", Role.ENGINE, Health.HEALTHY, model="m", url="http://127.0.0.1:1", pid=1
)
GATEWAY = ServiceStatus("gateway", Role.GATEWAY, Health.HEALTHY, url="http://127.0.0.1:2", pid=2)


@dataclass
class FakeSubstrate:
    found: SubstrateStatus

    def status(self) -> SubstrateStatus:
        return self.found

    def secret(self, name: str) -> str | None:
        return "sk-system"


def answer(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, **_: Any
) -> HttpAnswer:
    if url == "http://127.0.0.1:9/metrics":
        raise ConnectionRefusedError
    if url.endswith("/metrics"):
        return HttpAnswer(200, {}, METRICS.encode())
    assert headers == {"authorization": "Bearer sk-system"}
    return HttpAnswer(200, {}, json.dumps({"tenants": []}).encode())


def report(*services: ServiceStatus, busy: str | None = None):
    found = SubstrateStatus("demo", True, "http://127.0.0.1:2", services, busy)
    return make_status(FakeSubstrate(found), answer)


def test_replicas_are_added_up_and_the_fullest_cache_counts() -> None:
    second = replace(ENGINE, name="engine-m-1")
    found = report(ENGINE, second, GATEWAY)
    assert found.is_healthy
    (load,) = found.loads
    assert (load.running, load.waiting, load.kv_use) == (16, 6, 0.25)
    assert found.usage == {"tenants": []}
    assert found.next_step == "llmplat chat"


def test_a_part_that_cannot_be_asked_is_left_out() -> None:
    found = report(replace(ENGINE, url="http://127.0.0.1:9"), GATEWAY)
    assert found.loads == ()
    sick = report(ENGINE, replace(GATEWAY, health=Health.UNHEALTHY))
    assert sick.usage is None
    assert not sick.is_healthy


def test_the_next_step_follows_from_the_worst() -> None:
    failed = replace(ENGINE, health=Health.FAILED, fix="lower context")
    assert report(failed, GATEWAY).next_step == "lower context"
    assert report(replace(ENGINE, health=Health.STARTING), GATEWAY).next_step == "llmplat logs -f"
    assert report(replace(ENGINE, health=Health.STOPPED), GATEWAY).next_step == "llmplat up"
    assert report().next_step == "llmplat up"
    assert not report().is_healthy
    assert "wait" in report(ENGINE, GATEWAY, busy="`llmplat up` runs").next_step


def test_samples_of_other_programs_are_ignored() -> None:
    assert set(parse_samples(METRICS)) == {
        "vllm:num_requests_waiting",
        "vllm:num_requests_running",
        "vllm:kv_cache_usage_perc",
        "vllm:prompt_tokens_total",
    }
