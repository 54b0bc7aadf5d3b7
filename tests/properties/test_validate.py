"""Laws of validation: nothing crashes it, a renamed field and a changed type are always found."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import read_all
from llmplat.validate.kinds import Kind
from llmplat.validate.manifests import check_manifests
from tests.unit.validate.rendered import documents, found_in, kinds

FREE = {
    "annotations", "labels", "matchLabels", "data", "nodeSelector", "limits", "requests", "hard",
    "valuesObject", "metadata", "default", "defaultRequest", "max", "min", "commonAnnotations",
    "optional", "openAPIV3Schema", "parameters", "nodeLabels", "selector", "config", "params",
}  # fmt: skip
"""Mappings whose keys are the user's (and `metadata`, which a trigger of KEDA's has free too)."""
OVERLAYS = {"AgentgatewayParameters"}
"""Kinds whose fields are laid over objects unseen."""
TYPED = {"replicas", "containerPort", "terminationGracePeriodSeconds", "automountServiceAccountToken",
         "runAsNonRoot", "readOnly", "prune", "selfHeal", "maxReplicaCount", "failureThreshold"}  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
KIND = st.sampled_from(sorted({(d.value["apiVersion"], d.value["kind"]) for d in documents()}))


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
@settings(max_examples=200, deadline=None)
def test_no_text_crashes_the_reader(text):
    found, findings = read_all([Manifest("a.yaml", text)])
    assert isinstance(found, list)
    assert all(f.code == "manifest-unreadable" for f in findings)


@given(JSON, KIND)
@settings(max_examples=60, deadline=None)
def test_no_object_crashes_schemas_or_checks(body, kind):
    api_version, name = kind
    value = {"apiVersion": api_version, "kind": name, "metadata": body, "spec": body, "data": body}
    text = yaml.safe_dump(value, allow_unicode=True)
    report = check_manifests("a", [Manifest("a.yaml", text)], "1.35")
    assert report.objects <= 1


KEYS = ("template", "spec", "containers", "rules", "triggers", "source", "helm", "values", "env")
SPEC = st.recursive(
    JSON,
    lambda inner: st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, inner)) | st.lists(inner),
    max_leaves=8,
)


@given(KIND, SPEC)
@settings(max_examples=60, deadline=None)
def test_no_odd_spec_crashes_the_checks(kind, spec):
    api_version, name = kind
    value = {"apiVersion": api_version, "kind": name, "metadata": {"name": "a"}, "spec": spec}
    check_manifests("a", [Manifest("a.yaml", yaml.safe_dump(value, allow_unicode=True))], "1.35")


def keys_of(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Every declared key: not those below mappings with free keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            if key not in FREE:
                yield from keys_of(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from keys_of(item, (*path, index))


def parent(value: Any, path: tuple) -> Any:
    for step in path[:-1]:
        value = value[step]
    return value


ALL_KEYS = [
    (index, path)
    for index, document in enumerate(documents())
    for path in keys_of(document.value)
    if path[0] not in {"apiVersion", "kind"} and document.value["kind"] not in OVERLAYS
]


@given(st.sampled_from(ALL_KEYS), st.sampled_from(["{}x", "x{}", "_{}"]))
@settings(max_examples=300, deadline=None)
def test_a_renamed_field_is_always_found(place, pattern):
    index, path = place
    document = documents()[index]
    value = copy.deepcopy(document.value)
    holder = parent(value, path)
    holder[pattern.format(path[-1])] = holder.pop(path[-1])
    kind = kinds().find(document.value["apiVersion"], document.value["kind"])
    assert isinstance(kind, Kind)
    assert kind.check(value), path


@given(st.sampled_from([(i, p) for i, p in ALL_KEYS if p[-1] in TYPED]))
@settings(max_examples=100, deadline=None)
def test_a_text_for_a_number_or_a_switch_is_always_found(place):
    index, path = place
    document = documents()[index]
    value = copy.deepcopy(document.value)
    parent(value, path)[path[-1]] = "soon"
    kind = kinds().find(document.value["apiVersion"], document.value["kind"])
    assert isinstance(kind, Kind)
    assert kind.check(value), path


ALL_PLACES = [
    (index, path)
    for index, document in enumerate(documents())
    for path in keys_of(document.value)
    if path[0] not in {"apiVersion", "kind"}
]


@given(st.sampled_from(ALL_PLACES), JSON)
@settings(max_examples=40, deadline=None)
def test_no_broken_object_crashes_the_checks(place, odd):
    index, path = place
    document = documents()[index]
    value = copy.deepcopy(document.value)
    parent(value, path)[path[-1]] = odd
    found_in([replace(document, value=value, index=0)], [document])
