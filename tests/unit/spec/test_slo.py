"""Promises that nothing could measure are refused with what could."""

import pytest

from llmplat.domain.errors import SpecError
from llmplat.spec.histograms import load_histograms
from llmplat.spec.load import parse_platform

HEAD = """apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: p
profile: {profile}
substrate: {{cluster: {{context: c, kubernetes: "1.34", gpus: [{{name: l4, count: 1}}]}}}}
gitops: {{oci: {{repository: registry.example.com/p}}}}
models:
"""
MODEL = "{name: m, source: hf://a/b@main, package: {repository: registry.example.com/m}, gpu: l4, "


def findings(slo, *, model=MODEL, profile="llm-gateway"):
    text = HEAD.format(profile=profile) + f"  - {model}slo: {slo}}}\n"
    try:
        parse_platform(text, "p.yaml")
    except SpecError as error:
        return [(one.code, one.where.line, one.fix[0] if one.fix else "") for one in error.findings]
    return []


@pytest.mark.parametrize(
    ("slo", "fix"),
    [
        ("{timeToFirstToken: {within: 300ms}}", "within: 250ms"),
        ("{timeToFirstToken: {within: 2s}}", "within: 2.5s"),
        ("{interTokenLatency: {within: 60ms}}", "within: 50ms"),
        ("{interTokenLatency: {within: 100s}}", "within: 80s"),
    ],
)
def test_a_target_between_two_buckets_names_the_nearest_end(slo, fix):
    assert findings(slo) == [("slo-unmeasurable", 8, fix)]


@pytest.mark.parametrize("key", load_histograms())
def test_every_end_of_a_bucket_is_a_target(key):
    for end in load_histograms()[key].buckets_s:
        if end <= 7680:
            assert findings(f"{{{key}: {{within: {round(end * 1000)}ms}}}}") == []


def test_the_stricter_of_two_ends_that_are_as_near():
    assert load_histograms()["interTokenLatency"].nearest_s(0.175) == 0.15


def test_the_engines_own_buckets_count_where_the_file_moves_them():
    moved = (
        MODEL
        + "engine: {options: {custom-histogram-buckets: '{\"time_to_first_token\": [0.3, 0.6]}'}}, "
    )
    assert findings("{timeToFirstToken: {within: 300ms}}", model=moved) == []
    assert findings("{timeToFirstToken: {within: 500ms}}", model=moved) == [
        ("slo-unmeasurable", 8, "within: 600ms")
    ]


def test_nobody_times_tokens_of_vectors_or_of_services_outside():
    vectors = MODEL + "kind: embedding, "
    outside = "{name: m, backend: {url: 'https://x.example.com/v1', model: y}, context: 4096, "
    outside += "price: {inputUsdPerMillionTokens: 1, outputUsdPerMillionTokens: 1}, "
    for model in (vectors, outside):
        (found,) = findings("{timeToFirstToken: {within: 500ms}}", model=model)
        assert found[0] == "slo-unmeasurable"
        assert findings("{availabilityPercent: 99.9}", model=model) == []


def test_without_a_gateway_availability_is_a_warning():
    text = HEAD.format(profile="serving") + f"  - {MODEL}slo: {{availabilityPercent: 99.9}}}}\n"
    (found,) = parse_platform(text, "p.yaml").warnings
    assert (found.code, found.severity.value) == ("slo-unmeasurable", "warning")
    assert found.fix == ("profile: llm-gateway",)


@pytest.mark.parametrize("slo", ["{availabilityPercent: 89}", "{availabilityPercent: 100}"])
def test_shares_that_alerts_cannot_be_made_of(slo):
    assert findings(slo)


def test_on_this_machine_it_is_not_acted_on():
    text = (
        "apiVersion: llmplat.dev/v1alpha1\nkind: Platform\nname: p\nsubstrate: {local: {}}\nmodels:\n"
        "  - {name: m, source: demo://smollm2-135m-instruct, slo: {availabilityPercent: 99}}\n"
    )
    with pytest.raises(SpecError) as caught:
        parse_platform(text, "p.yaml")
    assert [one.code for one in caught.value.findings] == ["spec-not-yet"]
