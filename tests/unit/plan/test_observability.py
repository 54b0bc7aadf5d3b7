"""Burn alerts that could never fire are not made; alerts and dashboards follow what runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.plan.cluster.observability import BURNS, Objective
from llmplat.plan.make import make_plan
from llmplat.render.objects.observability import make_groups
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[3]
EXAMPLES = HOME / "docs" / "examples"


def watched(name, *, change=("", "")):
    text = (EXAMPLES / f"cluster-{name}.yaml").read_text("utf-8").replace(*change)
    lock = parse_lock((EXAMPLES / f"cluster-{name}.lock.yaml").read_text("utf-8"), "lock")
    plan = make_plan(parse_platform(text, "p").platform, lock, load_catalog(HOME))
    return plan.cluster.workloads.observability


@pytest.mark.parametrize(
    ("percent", "factors"), [(99.9, [14.4, 6, 3, 1]), (95, [14.4, 6, 3, 1]), (90, [6, 3, 1])]
)
def test_a_pair_that_no_share_of_faults_reaches_is_left_out(percent, factors):
    objective = Objective("availability", "m", "o", percent, None, "b", "t")
    assert [burn.factor for burn in objective.burns] == factors
    assert all(burn.factor * objective.budget < 1 for burn in objective.burns)


def test_the_pairs_use_up_what_the_workbook_says():
    hours = {"1h": 1, "6h": 6, "1d": 24, "3d": 72}
    shares = [round(burn.factor * hours[burn.long] / (30 * 24), 4) for burn in BURNS]
    assert shares == [0.02, 0.05, 0.1, 0.1]


def test_without_a_gateway_nothing_asks_for_its_metrics():
    found = watched(
        "two-teams", change=("name: two-teams\n", "name: two-teams\nprofile: serving\n")
    )
    assert {one.alert.group for one in found.alerts} == {"serving", "platform", "gpus"}
    assert [one.name for one in found.dashboards] == ["gpus", "platform", "serving"]


def test_every_model_has_an_alert_of_its_own():
    found = watched("two-teams")
    down = [one for one in found.alerts if one.alert.name == "LlmplatModelDown"]
    assert [one.model for one in down] == ["assistant", "writer", "coder"]
    assert down[1].expr == 'absent(up{job="models-team-a/engine-writer"} == 1)'
    assert not [one for one in down if "<" in one.expr + one.summary]


def test_the_end_of_a_bucket_is_spelled_as_the_engine_does():
    found = watched("production")
    (first,) = [one for one in found.objectives if one.kind == "time-to-first-token"]
    assert 'le="1.0"' in first.bad


def test_turned_off_there_are_no_rules():
    change = ("components:\n", "components:\n  observability: {enabled: false}\n")
    assert watched("production", change=change) is None


def test_no_rule_carries_two_slashes_in_its_runbook():
    for groups in make_groups(watched("production")).values():
        for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
            assert rule["annotations"]["runbook_url"].count("//") == 1


def test_objectives_are_values():
    (first, *_) = watched("production").objectives
    assert replace(first, percent=99).budget == 0.01
