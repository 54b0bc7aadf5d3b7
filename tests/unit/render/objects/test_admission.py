"""The admission rules as written: each denies, fails closed, and reads only what it defines.

What they refuse is tested on a real API server (tests/cluster).
"""

import re

import pytest

from tests.fakes.cluster_platform import every, find, objects_with, plan_with

USED = re.compile(r"\bvariables\.(\w+)")


@pytest.fixture(scope="module")
def objects():
    return objects_with()


def test_every_policy_is_bound_to_deny_and_fails_closed(objects):
    policies = every(objects, "ValidatingAdmissionPolicy")
    bindings = {
        item["spec"]["policyName"]: item["spec"]
        for item in every(objects, "ValidatingAdmissionPolicyBinding")
    }
    assert {item["metadata"]["name"] for item in policies} == set(bindings)
    for item in policies:
        assert item["spec"]["failurePolicy"] == "Fail"
        assert bindings[item["metadata"]["name"]]["validationActions"] == ["Deny"]


def test_variables_are_defined_before_they_are_used(objects):
    for item in every(objects, "ValidatingAdmissionPolicy"):
        defined = set()
        for variable in item["spec"].get("variables", ()):
            assert set(USED.findall(variable["expression"])) <= defined, item["metadata"]["name"]
            defined.add(variable["name"])
        for validation in item["spec"]["validations"]:
            assert set(USED.findall(validation["expression"])) <= defined
            assert validation["message"].endswith((".", "..."))


def test_conditions_use_no_variables_which_they_cannot_see(objects):
    for item in every(objects, "ValidatingAdmissionPolicy"):
        for condition in item["spec"].get("matchConditions", ()):
            assert "variables." not in condition["expression"]


def test_the_fit_knows_the_clusters_gpus_and_their_nodes(objects):
    spec = find(objects, "ValidatingAdmissionPolicy", "llmplat-gpu-fit")["spec"]
    told = {item["name"]: item["expression"] for item in spec["variables"]}
    gpus = {it.name: it.memory_bytes for it in plan_with().cluster.workloads.policies.gpus}
    assert f"'l4': {gpus['l4']}" in told["memory"]
    assert "'l4': ['nvidia.com/gpu.product', 'NVIDIA-L4']" in told["labels"]


def test_no_policy_has_parameters_which_an_api_server_may_lose(objects):
    # kubernetes/kubernetes#130887: bindings that were all gone once never find a ConfigMap again.
    for kind, key in (
        ("ValidatingAdmissionPolicy", "paramKind"),
        ("ValidatingAdmissionPolicyBinding", "paramRef"),
    ):
        assert [it for it in every(objects, kind) if key in it["spec"]] == []


def test_no_whole_namespace_of_accounts_is_trusted_but_the_clusters_own():
    policies = plan_with().cluster.workloads.policies
    wide = [group for group in policies.groups if group.startswith("system:serviceaccounts")]
    assert wide == ["system:serviceaccounts:kube-system"]
    assert all(user.count(":") == 3 or user.startswith("system:kube-") for user in policies.users)


def test_ways_to_a_gpu_are_told_by_more_than_one_makers_name(objects):
    spec = find(objects, "ValidatingAdmissionPolicy", "llmplat-gpu-queue")["spec"]
    told = next(v["expression"] for v in spec["variables"] if v["name"] == "usesGpu")
    for word in (
        "nvidia.com/", "amd.com/", "google.com/tpu", "resourceClaims", "runtimeClassName",
        "NVIDIA_VISIBLE_DEVICES", "resources.requests", "resources.limits",
    ):  # fmt: skip
        assert word in told
    containers = next(v["expression"] for v in spec["variables"] if v["name"] == "containers")
    assert "initContainers" in containers
    assert "ephemeralContainers" in containers
