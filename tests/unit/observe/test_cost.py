"""Spend, idle share and price per million tokens from a ledger whose sums can be done by hand."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmplat.adapters.local_ledger import LocalLedger
from llmplat.catalog.load import load_catalog
from llmplat.cli.wiring import home
from llmplat.domain.errors import PreconditionError
from llmplat.gateway.store import SqliteStore
from llmplat.observe.cost import make_cost, union_ms
from llmplat.output.cost_page import make_page
from llmplat.output.cost_view import make_csv
from llmplat.plan.make import make_plan
from llmplat.spec.load import default_platform

_NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
_START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
_MODEL = "smollm2-135m"


def _row(name, hours, outcome="answered", *, tenant="team", model=_MODEL, place="engine", nano=0,
         tokens=0, cause="", took_ms=0):  # fmt: skip
    at_ms = round((_START + dt.timedelta(hours=hours)).timestamp() * 1000)
    return (name, at_ms, tenant, "app", model, "interactive", "b", place, tokens, 0, nano, took_ms,
            outcome, cause, "")  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    return make_plan(default_platform().platform, None, load_catalog(home()))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    store = SqliteStore(path)
    hour_ms = 3_600_000
    first = round(_START.timestamp()) // 60
    store.write(
        [
            _row("a", 2, nano=3_000, tokens=400_000, took_ms=hour_ms),
            _row("b", 2.5, nano=1_000, tokens=600_000, took_ms=hour_ms),
            _row("c", 3, "refused", cause="budget_app"),
            _row("d", 4, nano=500, tokens=7, place="external", tenant="<b>other</b>"),
            _row("e", 5, "refused", model="", cause="model_refused"),
            _row("f", 5, "failed", cause="lost", nano=9),
            _row("k-asked", 6, "changed", tenant="quiet", model="", cause="key_create"),
            _row("old", -1, nano=10**12),
        ],
        first,
    )
    for minute in range(1, 600):
        store.write([], first + minute)
    return LocalLedger(path)


def test_spend_by_tenant_and_the_rest(ledger, plan):
    report = make_cost(ledger, plan, "tenant", _START, _NOW)
    assert [(row.name, row.nanousd, row.external_nanousd) for row in report.rows] == [
        ("team", 4_009, 0),
        ("<b>other</b>", 500, 500),
    ]
    assert (report.total.answered, report.total.refused, report.total.failed) == (3, 2, 1)
    assert report.refusals == (("budget_app", 1), ("model_refused", 1))
    assert report.days == (("2026-11-01", 4_509),)


def test_idle_share_and_price_of_a_million_tokens(ledger, plan):
    """Ten hours ran; two requests of an hour each overlap by half: 1.5 busy hours."""
    one = make_cost(ledger, plan, "model", _START, _NOW).models[0]
    usd = next(model.usd_per_hour for model in plan.models)
    assert (one.hours, one.busy_hours, one.gpu_hours) == (10, 1.5, 0)
    assert one.idle_share == pytest.approx(0.85)
    assert one.tokens == 1_000_000
    assert one.nanousd_per_million_tokens == one.hardware_nanousd == round(usd * 10 * 10**9)


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("app", {"team/app", "<b>other</b>/app"}),
        ("model", {_MODEL, "(none)"}),
        ("namespace", {"this machine", "(none)"}),
    ],
)
def test_each_way_to_sum_has_the_same_total(ledger, plan, by, names):
    report = make_cost(ledger, plan, by, _START, _NOW)
    assert {row.name for row in report.rows} == names
    assert sum(row.nanousd for row in report.rows) == report.total.nanousd == 4_509


def test_csv_has_every_row_and_the_total(ledger, plan):
    lines = make_csv(make_cost(ledger, plan, "tenant", _START, _NOW)).splitlines()
    assert lines[0].startswith("tenant,answered,refused,")
    assert lines[-1] == "total,3,2,0,1,1000007,0,4509,500"


def test_the_page_asks_nobody_and_escapes_names(ledger, plan):
    page = make_page(make_cost(ledger, plan, "tenant", _START, _NOW))
    assert "<svg" in page
    assert "<b>other" not in page
    assert not [word for word in ("http:", "https:", "src=", "url(", "<script") if word in page]


def test_a_platform_that_never_ran_costs_nothing(tmp_path, plan):
    report = make_cost(LocalLedger(tmp_path / "none"), plan, "tenant", _START, _NOW)
    assert (report.rows, report.total.nanousd, report.models[0].idle_share) == ((), 0, None)


def test_a_broken_ledger_is_told(tmp_path, plan):
    (tmp_path / "x").write_bytes(b"no database" * 1000)
    with pytest.raises(PreconditionError, match="ledger cannot be read"):
        make_cost(LocalLedger(tmp_path / "x"), plan, "tenant", _START, _NOW)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30))))
def test_union_counts_each_moment_once(raw):
    spans = sorted((begin, begin + length) for begin, length in raw)
    covered = {moment for begin, end in spans for moment in range(begin, end)}
    assert union_ms(spans) == len(covered)
