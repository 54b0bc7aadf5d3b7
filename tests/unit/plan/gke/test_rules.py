"""Every rule speaks of one bad example, with a place, and stays silent on the good one beside it."""

import pytest

from llmplat.catalog.gke import load_rules
from llmplat.catalog.load import load_catalog
from llmplat.domain.errors import Severity
from llmplat.plan.gke.check import check_gke
from llmplat.plan.gke.resources import check_resources, read_resources
from llmplat.spec.load import parse_platform
from tests.unit.plan.gke.examples import CLUSTER_CASES, HOME, POOL_CASES, RESOURCE_CASES, file_of

CATALOG = load_catalog(HOME)


def findings(text):
    return check_gke(parse_platform(text, "gke.yaml"), CATALOG)


def names(found):
    return {one.code.removeprefix("gke-rule-") for one in found}


def test_every_rule_has_an_example():
    written = {*POOL_CASES, *CLUSTER_CASES, *RESOURCE_CASES}
    assert written == {rule.name for rule in load_rules()}


def test_names_are_unique_and_sources_are_addresses():
    rules = load_rules()
    assert len({rule.name for rule in rules}) == len(rules)
    assert all(rule.source.startswith("https://") for rule in rules)


@pytest.mark.parametrize("name", POOL_CASES)
def test_a_pool_rule_fires_and_stays_silent(name):
    bad, good = POOL_CASES[name]
    (spoken,) = [f for f in findings(file_of(bad)) if f.code == f"gke-rule-{name}"]
    assert spoken.why
    assert spoken.fix
    assert spoken.where.file == "gke.yaml"
    assert spoken.where.line == 12, "the pool of the example stands in line 12"
    assert spoken.where.column > 1
    assert name not in names(findings(file_of(good)))


@pytest.mark.parametrize("name", CLUSTER_CASES)
def test_a_cluster_rule_fires_and_stays_silent(name):
    bad, good = CLUSTER_CASES[name]
    (spoken,) = [f for f in findings(bad) if f.code == f"gke-rule-{name}"]
    assert spoken.why
    assert spoken.fix
    assert spoken.where.line >= 3
    assert name not in names(findings(good))


@pytest.mark.parametrize("name", RESOURCE_CASES)
def test_a_rule_of_the_program_fires_and_stays_silent(name):
    bad, good = RESOURCE_CASES[name]
    (spoken,) = [
        f for f in check_resources(read_resources(bad)) if f.code == f"gke-rule-{name}"
    ]
    assert spoken.why
    assert spoken.fix
    assert name not in names(check_resources(read_resources(good)))


def test_a_good_file_breaks_nothing():
    assert findings(file_of("")) == ()


def test_all_faults_are_told_in_file_order():
    text = file_of("spot: true, flexStart: true, autoRepair: true, nodes: 1, initial: 1, WITH_LIMITS: 1")
    found = [f for f in findings(text) if f.severity is Severity.ERROR]
    assert names(found) >= {
        "flex-start-spot",
        "flex-start-repair",
        "flex-start-fixed",
        "fixed-and-initial",
        "fixed-and-limits",
    }
    assert [f.where.column for f in found] == sorted(f.where.column for f in found)
