"""Against the last up: what would be made, changed, replaced, removed; another project is refused."""

from dataclasses import replace

import pytest

from llmplat.domain.errors import SpecError
from llmplat.domain.provision import POOL_KIND, Act
from llmplat.plan.gke.changes import Applied, changes_since, check_project, replaced_pools
from llmplat.plan.gke.resources import Resource

CONFIG = {"machineType": "g2-standard-8", "spot": True, "diskSizeGb": 200}
POOL_L4 = Resource(
    "u1", POOL_KIND, "demo-l4", {"name": "l4", "initialNodeCount": 1, "nodeConfig": CONFIG}, (), ()
)
NETWORK = Resource("u2", "gcp:compute/network:Network", "demo", {"name": "demo"}, (), ())
APPLIED = Applied("my-project", (POOL_L4, NETWORK))


def pool(**config):
    return replace(POOL_L4, inputs={**POOL_L4.inputs, "nodeConfig": {**CONFIG, **config}})


def test_nothing_remembered_is_no_answer():
    assert changes_since(None, (POOL_L4,)) is None


def test_the_same_again_changes_nothing():
    assert changes_since(APPLIED, (POOL_L4, NETWORK)) == ()


@pytest.mark.parametrize(
    ("key", "value", "act"),
    [
        ("machineType", "g2-standard-16", Act.REPLACE),
        ("spot", False, Act.REPLACE),
        ("guestAccelerators", [{"type": "nvidia-l4", "count": 1}], Act.REPLACE),
        ("diskSizeGb", 300, Act.UPDATE),
        ("labels", {"team": "a"}, Act.UPDATE),
    ],
)
def test_what_replaces_a_pool_and_what_changes_it(key, value, act):
    (change,) = changes_since(APPLIED, (pool(**{key: value}), NETWORK))
    assert change.act is act
    assert all(one.startswith(f"nodeConfig.{key}") for one in change.differs)
    assert replaced_pools((change,), "demo") == (("l4",) if act is Act.REPLACE else ())


def test_what_is_ignored_is_no_change():
    inputs = {**POOL_L4.inputs, "initialNodeCount": 3}
    kept = replace(POOL_L4, inputs=inputs, ignore_changes=("initialNodeCount",))
    assert changes_since(APPLIED, (kept, NETWORK)) == ()
    (change,) = changes_since(APPLIED, (replace(POOL_L4, inputs=inputs), NETWORK))
    assert change.act is Act.REPLACE


def test_new_ones_come_last_and_replacements_first():
    new = replace(NETWORK, name="other")
    acts = [one.act for one in changes_since(APPLIED, (pool(spot=False), new))]
    assert acts == [Act.REPLACE, Act.DELETE, Act.CREATE]


def test_a_changed_project_is_refused():
    check_project(None, "my-project", "demo")
    check_project(APPLIED, "my-project", "demo")
    with pytest.raises(SpecError) as caught:
        check_project(APPLIED, "other", "demo")
    assert "my-project" in caught.value.what
    assert caught.value.fix[0] == "project: my-project"
