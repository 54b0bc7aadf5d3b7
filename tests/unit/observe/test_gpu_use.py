"""GPU hours of OpenCost beside our own: by model, tenant and namespace, never added up."""

import datetime as dt
from dataclasses import replace

import pytest

from llmplat.adapters.local_ledger import LocalLedger
from llmplat.domain.allocations import Allocations, GpuAllocation
from llmplat.domain.errors import PreconditionError, Severity
from llmplat.gateway.store import SqliteStore
from llmplat.observe.cost import CostReport, make_cost
from llmplat.observe.gpu_use import with_gpus, without_gpus
from llmplat.plan.plan import Plan
from tests.fakes.cluster_platform import plan_with

_START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
_UNTIL = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
_RAN_HOURS = 10


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_with(lambda document: document.update(components={"opencost": {"enabled": True}}))


@pytest.fixture(scope="module")
def report(plan: Plan, tmp_path_factory) -> CostReport:
    """Ten hours ran; an hour's request of a million tokens to the model `coder`."""
    path = tmp_path_factory.mktemp("cost") / "ledger.sqlite"
    store = SqliteStore(path)
    first = round(_START.timestamp()) // 60
    ended = round((_START + dt.timedelta(hours=2)).timestamp() * 1000)
    request = ("a", ended, "team-b", "app", "coder", "interactive", "coder@0", "engine",
               900_000, 100_000, 5_000, 3_600_000, "answered", "", "")  # fmt: skip
    store.write([request], first)
    for minute in range(1, 60 * _RAN_HOURS):
        store.write([], first + minute)
    ledger = LocalLedger(path)
    return make_cost(ledger, plan, "model", _START, _UNTIL, {"coder": 4.0})


def _told(*gpus: GpuAllocation, begin: dt.datetime | None = _START) -> Allocations:
    return Allocations(gpus, begin)


def _uses(report: CostReport, by: str) -> dict[tuple[str, str], float]:
    return {(use.name, use.source): use.gpu_hours for use in report.gpus if use.by == by}


_ASSISTANT = GpuAllocation("models-platform", "assistant", 20.0, 7_000_000_000)
_CODER = GpuAllocation("models-team-b", "coder", 5.0, 3_000_000_000)
_BATCH = GpuAllocation("models-team-b", "", 2.0, 1_000_000_000)
_STRANGER = GpuAllocation("research", "coder", 9.0, 4_000_000_000)


def test_both_sources_stand_side_by_side(report: CostReport, plan: Plan) -> None:
    found = with_gpus(report, plan, _told(_ASSISTANT, _CODER, _BATCH))
    assert _uses(found, "model") == {
        ("assistant", "plan"): 20,  # one engine of two GPUs for ten hours
        ("assistant", "opencost"): 20,
        ("coder", "prometheus"): 4,
        ("coder", "opencost"): 5,
        ("writer", "plan"): 20,  # two engines of one GPU; OpenCost knows of none
    }
    assert [one.code for one in found.findings] == ["cost-monitor-prices"]  # l4 and h100-80gb
    assert (found.models, found.rows, found.total) == (report.models, report.rows, report.total)


def test_what_has_no_label_counts_for_its_namespace_and_owner(
    report: CostReport, plan: Plan
) -> None:
    found = with_gpus(report, plan, _told(_CODER, _BATCH))
    assert _uses(found, "tenant") == {
        ("platform", "plan"): 20,
        ("team-a", "plan"): 20,
        ("team-b", "prometheus"): 4,
        ("team-b", "opencost"): 7,
    }
    assert _uses(found, "namespace")["models-team-b", "opencost"] == 7


def test_a_label_in_another_namespace_proves_nothing(report: CostReport, plan: Plan) -> None:
    found = with_gpus(report, plan, _told(_CODER, _STRANGER))
    assert _uses(found, "model")["coder", "opencost"] == 5
    assert _uses(found, "namespace")["research", "opencost"] == 9
    assert {name for name, _ in _uses(found, "tenant")} == {"platform", "team-a", "team-b"}


def test_money_idle_share_and_price_of_each_source(report: CostReport, plan: Plan) -> None:
    """Ten hours of one engine without a request: all idle; three possible engines: not told."""
    found = with_gpus(report, plan, _told(_ASSISTANT, _CODER))
    told = {use.name: use for use in found.gpus if (use.by, use.source) == ("model", "opencost")}
    assert (told["assistant"].nanousd, told["assistant"].idle_share) == (7_000_000_000, 1.0)
    assert told["assistant"].nanousd_per_million_tokens is None
    assert told["coder"].idle_share is None
    assert told["coder"].nanousd_per_million_tokens == 3_000_000_000


def test_an_engine_that_was_busy_for_longer_than_it_was_there_is_not_idle(
    report: CostReport, plan: Plan
) -> None:
    busy = replace(report, models=tuple(replace(one, busy_hours=30.0) for one in report.models))
    told = next(
        use for use in with_gpus(busy, plan, _told(_ASSISTANT)).gpus if use.source == "opencost"
    )
    assert told.idle_share == 0


@pytest.mark.parametrize(
    ("begin", "code"),
    [
        (None, "cost-monitor-empty"),
        (_UNTIL - dt.timedelta(hours=5), "cost-monitor-short"),
        (_UNTIL - dt.timedelta(hours=9.5), None),  # it came up half an hour after the gateway
    ],
)
def test_a_window_before_its_data_is_said(
    report: CostReport, plan: Plan, begin: dt.datetime | None, code: str | None
) -> None:
    findings = with_gpus(report, plan, _told(begin=begin)).findings
    assert [one.code for one in findings] == ([code] if code else [])
    assert all(one.severity is Severity.WARNING for one in findings)


def test_claimed_gpus_are_said_to_be_missing(report: CostReport, plan: Plan) -> None:
    assert plan.cluster is not None
    workloads = plan.cluster.workloads
    engines = tuple(replace(one, is_claimed=one.owner == "team-b") for one in workloads.engines)
    cluster = replace(plan.cluster, workloads=replace(workloads, engines=engines))
    *_, finding = with_gpus(report, replace(plan, cluster=cluster), _told(_ASSISTANT)).findings
    assert finding.code == "cost-monitor-claims"
    assert "coder" in finding.what


def test_one_price_for_all_gpus_is_given_to_opencost_and_nothing_is_said(
    report: CostReport, plan: Plan
) -> None:
    assert plan.cluster is not None
    assert plan.cluster.settings.gpu_usd_per_hour is None
    settings = replace(plan.cluster.settings, gpu_usd_per_hour=0.7)
    agreed = replace(plan, cluster=replace(plan.cluster, settings=settings))
    assert with_gpus(report, agreed, _told(_CODER)).findings == ()


def test_the_settings_hold_the_price_that_all_models_share() -> None:
    plan = plan_with(name="cluster-smallest")
    assert plan.cluster is not None
    assert plan.cluster.settings.gpu_usd_per_hour == plan.models[0].usd_per_hour


def test_a_silent_monitor_changes_no_figure(report: CostReport) -> None:
    found = without_gpus(
        report, PreconditionError("OpenCost does not tell.", "HTTP 500", ("look",))
    )
    assert replace(found, findings=()) == report
    (finding,) = found.findings
    assert (finding.severity, finding.fix) == (Severity.WARNING, ("look",))
    assert finding.why == "OpenCost does not tell. HTTP 500"
