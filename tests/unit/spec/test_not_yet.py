"""Every key that nothing acts on yet is refused with just that reason, and said so in the schema."""

import re
from pathlib import Path

import pytest

from llmplat.spec.not_yet import TABLE, NotYet, find_not_yet
from llmplat.spec.platform import Platform
from llmplat.spec.schema import make_schema, not_yet_note
from llmplat.spec.tree import read_tree
from llmplat.spec.words import fields_of, shape_at

PREVIEW = Path(__file__).with_name("not-yet-preview.yaml")


def parent_of(rule: NotYet) -> tuple[str | int, ...]:
    return tuple(0 if step == "*" else step for step in rule.path[:-1])


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: f"{rule.key} {rule.told}".strip())
def test_each_row_names_a_key_of_the_format(rule: NotYet) -> None:
    parent = shape_at(Platform, parent_of(rule))
    assert parent is not None
    assert rule.path[-1] in fields_of(parent)


def preview_on(substrate: str) -> str:
    """The preview's text on GKE as it is, or with this machine in GKE's place."""
    text = PREVIEW.read_text()
    if substrate == "gke":
        return text
    return re.sub(r"  gke:\n.*?(?=  stateBackend)", "  local: {}\n", text, flags=re.DOTALL)


@pytest.mark.parametrize("substrate", ["local", "gke"])
def test_each_row_is_shown_by_the_preview(substrate: str) -> None:
    findings = find_not_yet(read_tree(preview_on(substrate), "p"))
    told = [item.what.replace("[0]", ".*") for item in findings]
    for rule in TABLE:
        is_told = any(what.startswith((f"{rule.key} ", f"{rule.key}:")) for what in told)
        other = any(r.key == rule.key and substrate in r.on for r in TABLE)
        assert is_told is other, rule.key


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("substrate: {cluster: {context: kind}}", 0),
        ("substrate: {cluster: {context: kind}, secretBackend: file}", 1),
        ("substrate: {cluster: {context: kind}, secretBackend: gcp-secret-manager}", 1),
        ("substrate: {gke: {}, secretBackend: gcp-secret-manager}", 0),
        ("substrate: {cluster: {}}\ntier: high-availability", 0),
        ("substrate: {local: {}}\ntier: high-availability", 1),
        ("substrate: {local: {}, secretBackend: file}", 0),
        ("substrate: {secretBackend: vault}", 1),
        ("models: [{source: 'https://h/x'}, {source: 'pvc://c/x'}, {source: 'hf://a/b'}]", 2),
        ("models: [{cold: false, quantization: none, loraAdapters: []}]", 0),
        ("tenants: [{gpuQuota: 0}]", 0),
        ("tier: economy\nexposure: internal", 0),
        ("substrate: {gke: {}}\ngateway: {dataPlane: kgateway}", 1),
        ("substrate: {gke: {}}\ngateway: {dataPlane: gke-gateway}", 0),
        ("substrate: {gke: {}}\ngateway: {dataPlane: agentgateway}", 0),
        ("components: {}", 0),
        ("gitops:", 0),
    ],
)
def test_only_values_that_ask_for_something_are_refused(text: str, count: int) -> None:
    assert len(find_not_yet(read_tree(text, "p"))) == count


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: f"{rule.key} {rule.told}".strip())
def test_the_schema_says_so_too(rule: NotYet) -> None:
    schema = make_schema("platform")
    parent = shape_at(Platform, parent_of(rule))
    assert parent is not None
    holder = schema if parent is Platform else schema["$defs"][parent.__name__]
    assert not_yet_note(rule) in holder["properties"][rule.path[-1]]["description"]
