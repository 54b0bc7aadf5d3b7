"""Every alert, judged by Prometheus itself: it fires on its series and stays silent on their twin."""

import re
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.doors import load_doors
from llmplat.catalog.load import load_catalog
from llmplat.catalog.observability import load_alerts, load_dashboards
from llmplat.plan.cluster.observability import BURN_ALERTS, BURNS, FIRST_TOKEN, TOKEN_PACE
from llmplat.plan.make import make_plan
from llmplat.render.objects.observability import ERRORS, EVENTS, make_groups
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock
from tests.observability import prom

HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "docs" / "examples"
SERIES = yaml.load(  # every value a text: YAML would take 0x30 for a number
    (Path(__file__).parent / "series.yaml").read_text("utf-8"), Loader=yaml.BaseLoader
)
WHO = 'tenant="a",app="w",model="assistant",backend="b"'
MODEL = 'namespace="models-platform",model_name="assistant"'


@pytest.fixture(scope="module")
def watched():
    """The production example: a promise of each kind, and an exporter of GPUs."""
    catalog = load_catalog(HOME)
    platform = load_platform(EXAMPLES / "cluster-production.yaml").platform
    lock = parse_lock((EXAMPLES / "cluster-production.lock.yaml").read_text("utf-8"), "lock")
    return make_plan(platform, lock, catalog).cluster.workloads.observability


@pytest.fixture
def rules(watched, tmp_path):
    """A folder with every rule in the file rules.yaml."""
    groups = [group for groups in make_groups(watched).values() for group in groups]
    prom.write(tmp_path, "rules.yaml", {"groups": groups})
    return tmp_path


def test_every_rule_is_well_formed(rules):
    prom.run("check", "rules", "rules.yaml", folder=rules)


def test_queries_of_dashboards_and_doors_are_promql(tmp_path):
    queries = [door.trigger.query for door in load_doors(HOME).values() if door.trigger.query]
    for dashboard in load_dashboards().values():
        panels = [panel for _, row in dashboard.rows for panel in row]
        queries += [query for panel in panels for _, query in panel.queries]
    rules = [{"record": f"q:{at}", "expr": query} for at, query in enumerate(queries)]
    prom.write(tmp_path, "rules.yaml", {"groups": [{"name": "queries", "rules": rules}]})
    prom.run("check", "rules", "rules.yaml", folder=tmp_path)


def test_every_alert_that_is_not_a_promise_has_its_series():
    assert sorted(SERIES) == sorted(n for n, a in load_alerts().items() if a.group != "slo")


def test_every_alert_can_be_reached_by_the_example(watched):
    named = {one.alert.name for one in watched.alerts}
    assert named == {name for name, alert in load_alerts().items() if alert.group != "slo"}


def test_alerts_fire_on_their_series_and_not_on_the_twins(rules):
    tests = []
    for name, case in SERIES.items():
        firing = {"alertname": name, **case.get("labels", {})}
        for word in ("fires", "silent"):
            made = prom.rule_test(
                f"{name} {word}", case[word], at=case["at"], interval="1m", firing=firing
            )
            tests.append(prom.expect(made, fires=word == "fires"))
    prom.write(rules, "tests.yaml", {"rule_files": ["rules.yaml"], "tests": tests})
    prom.run("test", "rules", "tests.yaml", folder=rules)


def counted(kind: str, share: float, per_step: int, steps: int) -> dict[str, str]:
    """Series of a model with a steady `share` of faults."""
    bad = round(share * per_step)
    if kind in {FIRST_TOKEN, TOKEN_PACE}:
        metric = {FIRST_TOKEN: "time_to_first_token", TOKEN_PACE: "inter_token_latency"}[kind]
        end = {FIRST_TOKEN: "1.0", TOKEN_PACE: "0.1"}[kind]
        name = f"vllm:{metric}_seconds"
        return {
            f'{name}_count{{{MODEL},pod="1"}}': f"0+{per_step}x{steps}",
            f'{name}_bucket{{{MODEL},pod="1",le="{end}"}}': f"0+{per_step - bad}x{steps}",
        }
    found = {}
    for pod in ("1", "2"):  # each copy tells the totals of both
        name = f'llmplat_requests_total{{{WHO},pod="{pod}"'
        found[f'{name},outcome="failed"}}'] = f"0+{bad}x{steps}"
        found[f'{name},outcome="completed"}}'] = f"0+{per_step - bad}x{steps}"
        # Neither counts: clients that left, requests that the engine refused.
        found[f'{name},outcome="aborted"}}'] = f"0+{per_step}x{steps}"
        found[f'{name},outcome="refused"}}'] = f"0+{per_step}x{steps}"
    return found


def seconds(text: str) -> int:
    amount, unit = re.fullmatch(r"(\d+)([mhd])", text).groups()
    return int(amount) * {"m": 60, "h": 3600, "d": 86_400}[unit]


def step_minutes(burn):
    """Between two samples: a tenth of the short window, a quarter of an hour at most."""
    return min(15, max(1, seconds(burn.short) // 600))


def burn_case(objective, burn, share, *, fires, per_step=100_000):
    """Faults as long as the long window and the alert's own time ask for, and some more."""
    step = step_minutes(burn)
    minutes = (seconds(burn.long) + seconds(burn.lasts)) // 60 + 4 * step
    minutes -= minutes % step
    made = prom.rule_test(
        f"{objective.kind} {burn.long} {share:.5f} {fires}",
        counted(objective.kind, share, per_step, minutes // step + 2),
        at=f"{minutes}m",
        interval=f"{step}m",
        firing={"alertname": BURN_ALERTS[objective.kind], "window": burn.long},
    )
    return prom.expect(made, fires=fires)


def rules_of(watched, burn):
    """The alerts on one pair of windows with what they read: all windows at once take minutes."""
    wanted = {f"{ERRORS}{burn.short}", f"{ERRORS}{burn.long}", f"{EVENTS}{burn.long}"}
    rules = [rule for group in make_groups(watched)["slo-assistant"] for rule in group["rules"]]
    return [
        rule
        for rule in rules
        if rule.get("record") in wanted or rule["labels"].get("window") == burn.long
    ]


@pytest.mark.parametrize("burn", BURNS, ids=lambda burn: burn.long)
def test_promises_burn_just_above_the_limit_and_not_just_below(burn, watched, tmp_path):
    tests = []
    for objective in watched.objectives:
        assert burn in objective.burns
        limit = burn.factor * objective.budget
        tests.append(burn_case(objective, burn, limit * 1.03, fires=True))
        tests.append(burn_case(objective, burn, limit * 0.97, fires=False))
    assert len(tests) == 2 * 3
    prom.write(
        tmp_path, "rules.yaml", {"groups": [{"name": "slo", "rules": rules_of(watched, burn)}]}
    )
    every = f"{step_minutes(burn)}m"
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": every, "tests": tests}
    prom.write(tmp_path, "tests.yaml", document)
    prom.run("test", "rules", "tests.yaml", folder=tmp_path)


def test_a_single_fault_at_night_wakes_nobody(watched, tmp_path):
    """All requests of an hour fail, but they are fewer than 20."""
    objective, burn = watched.objectives[0], BURNS[0]
    outcomes = {"failed": "0x10 1x30 2x60", "completed": "0x100"}
    series = {
        f'llmplat_requests_total{{{WHO},pod="1",outcome="{outcome}"}}': values
        for outcome, values in outcomes.items()
    }
    made = prom.rule_test(
        "few", series, at="60m", interval="1m",
        firing={"alertname": BURN_ALERTS[objective.kind], "window": burn.long},
    )  # fmt: skip
    tests = [prom.expect(made, fires=False)]
    prom.write(
        tmp_path, "rules.yaml", {"groups": [{"name": "slo", "rules": rules_of(watched, burn)}]}
    )
    prom.write(tmp_path, "tests.yaml", {"rule_files": ["rules.yaml"], "tests": tests})
    prom.run("test", "rules", "tests.yaml", folder=tmp_path)


def test_an_alert_that_ends_is_silent_soon(watched, tmp_path):
    """An hour of faults, then none: the short window ends the alert long before the long one."""
    objective, burn = watched.objectives[0], BURNS[0]
    bad, good = "0+50x70 3500x30", "0+50x70 3500+100x30"
    series = {
        f'llmplat_requests_total{{{WHO},pod="1",outcome="failed"}}': bad,
        f'llmplat_requests_total{{{WHO},pod="1",outcome="completed"}}': good,
    }
    firing = {"alertname": BURN_ALERTS[objective.kind], "window": burn.long}
    tests = [
        prom.expect(
            prom.rule_test("on", series, at="68m", interval="1m", firing=firing), fires=True
        ),
        prom.expect(
            prom.rule_test("off", series, at="80m", interval="1m", firing=firing), fires=False
        ),
    ]
    prom.write(
        tmp_path, "rules.yaml", {"groups": [{"name": "slo", "rules": rules_of(watched, burn)}]}
    )
    prom.write(tmp_path, "tests.yaml", {"rule_files": ["rules.yaml"], "tests": tests})
    prom.run("test", "rules", "tests.yaml", folder=tmp_path)


def test_each_alert_has_its_runbook(watched):
    pages = {path.stem for path in (HOME / "docs" / "runbooks").glob("*.md")}
    assert pages == {"index", *(alert.page for alert in load_alerts().values())}
    index = (HOME / "docs" / "runbooks" / "index.md").read_text("utf-8")
    for groups in make_groups(watched).values():
        for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
            page = rule["annotations"]["runbook_url"].rstrip("/").rpartition("/")[2]
            assert f"({page}.md)" in index, rule["alert"]
