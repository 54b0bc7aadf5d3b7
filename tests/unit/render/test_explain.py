"""Why something is there: the line that decided it, its values, a model's whole chain."""

from pathlib import Path

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.domain.errors import InputError
from llmplat.plan.make import make_plan
from llmplat.render.explain import explain
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[3]
CATALOG = load_catalog(HOME)
EXAMPLES = HOME / "docs" / "examples"


def told(name, of="production", change=("", "")):
    text = (EXAMPLES / f"cluster-{of}.yaml").read_text("utf-8").replace(*change)
    lock = parse_lock((EXAMPLES / f"cluster-{of}.lock.yaml").read_text("utf-8"), "lock")
    loaded = parse_platform(text, "platform.yaml")
    return explain(name, loaded, make_plan(loaded.platform, lock, CATALOG), CATALOG), text


def line(text, reason):
    return text.splitlines()[reason.where.line - 1].strip() if reason.where else None


def test_a_component_names_the_line_that_decided_it():
    found, text = told("kube-prometheus-stack")
    lines = {line(text, reason) for reason in found.reasons}
    assert "profile: full" in lines
    assert any("kube-prometheus-stack: {enabled: true" in (one or "") for one in lines)
    assert found.values["prometheus"]["prometheusSpec"]["retention"] == "30d"
    assert (
        found.values["prometheus"]["prometheusSpec"]["podMonitorSelectorNilUsesHelmValues"] is False
    )
    assert "keda" in found.required_by


def test_what_a_substrate_leaves_out_points_at_the_substrate():
    found, text = told("gateway-api")
    assert not found.is_running
    assert found.applications == ()
    assert "gke:" in {line(text, reason) for reason in found.reasons}


def test_what_is_optional_says_so():
    found, _ = told("kserve")
    assert not found.is_running
    assert any("unless the file turns it on" in reason.what for reason in found.reasons)


def test_a_layer_above_the_profile_says_so():
    found, text = told("open-webui", change=("profile: full", "profile: llm-gateway"))
    assert not found.is_running
    (reason,) = found.reasons
    assert "ends before the layer experience" in reason.what
    assert line(text, reason) == "profile: llm-gateway"


def test_an_application_stands_for_its_component():
    assert told("kueue-config")[0].name == "kueue"


def test_a_model_is_followed_to_its_pods_and_to_its_callers():
    found, text = told("writer")
    parts = [link.part for link in found.links]
    assert parts == [
        "file", "source", "memory", "engine", "queue", "pods", "scaling", "pool", "route",
        "gateway", "admission", "tenants", "price",
    ]  # fmt: skip
    by_part = {link.part: link.told for link in found.links}
    assert line(text, by_part["file"][0]) == "- name: writer"
    assert line(text, by_part["source"][0]) == "source: hf://Qwen/Qwen3-8B@main"
    assert line(text, by_part["pods"][0]) == "replicas: {min: 1, max: 3}"
    assert "gpuQuota: 4" in (line(text, by_part["queue"][0]) or "")
    assert "ClusterQueue team-a" in by_part["queue"][0].what
    assert "Deployment models-team-a/engine-writer" in by_part["pods"][0].what
    assert by_part["tenants"][0].what == "team-a, team-b, people"


def test_only_the_cleared_may_call_what_is_confidential():
    found, _ = told("coder")
    assert next(link for link in found.links if link.part == "tenants").told[0].what == "team-b"


def test_a_service_outside_has_no_pods():
    found, _ = told("fallback")
    assert [link.part for link in found.links] == [
        "file",
        "source",
        "admission",
        "tenants",
        "price",
    ]


def test_an_alias_is_its_model():
    assert told("default")[0].name == "assistant"


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(InputError) as caught:
        told("kube-prometheus-stak")
    assert caught.value.why == "did you mean kube-prometheus-stack?"
