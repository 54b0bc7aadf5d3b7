"""Layers, components and what a substrate leaves out."""

import pytest

from llmplat.domain.errors import PlanError
from llmplat.plan.layers import layers_of, make_stack

PROFILES = ("serving", "llm-gateway", "full")


def stack(planning, profile="full", switches=None, substrate="local"):
    catalog = planning.catalog()
    return make_stack(profile, catalog.substrates[substrate], switches or {}, catalog)


@pytest.mark.parametrize(("narrow", "wide"), [PROFILES[:2], PROFILES[1:]])
def test_what_a_profile_has_the_next_one_has(planning, narrow, wide):
    catalog = planning.catalog()
    small, large = layers_of(narrow, catalog), layers_of(wide, catalog)
    assert large[: len(small)] == small
    assert len(large) > len(small)
    assert set(stack(planning, narrow).components) <= set(stack(planning, wide).components)
    assert set(stack(planning, narrow).left_out) <= set(stack(planning, wide).left_out)


def test_everything_wanted_runs_or_is_left_out_with_a_reason(planning):
    made = stack(planning)
    wanted = {c.name for c in planning.catalog().components.values() if not c.optional}
    assert {c.name for c in made.components} | {left.name for left in made.left_out} == wanted
    assert all(left.why for left in made.left_out)


def test_turning_on_what_the_substrate_cannot_run_is_refused(planning):
    with pytest.raises(PlanError) as caught:
        stack(planning, switches={"kserve": True})
    assert "a Kubernetes API" in caught.value.why


def test_turning_off_what_another_requires_is_refused(planning):
    with pytest.raises(PlanError, match="counters cannot be turned off"):
        stack(planning, switches={"counters": False})


def test_an_unknown_component_is_refused_with_the_nearest(planning):
    with pytest.raises(PlanError) as caught:
        stack(planning, switches={"litelm": True})
    assert "litellm" in caught.value.why


def test_an_unknown_profile_is_refused(planning):
    with pytest.raises(PlanError, match="no profile"):
        layers_of("everything", planning.catalog())
