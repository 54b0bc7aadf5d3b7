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


def test_without_its_limits_the_fit_refuses(objects):
    spec = find(objects, "ValidatingAdmissionPolicyBinding", "llmplat-gpu-fit")["spec"]
    assert spec["paramRef"]["parameterNotFoundAction"] == "Deny"
    limits = find(objects, "ConfigMap", spec["paramRef"]["name"])
    assert limits["metadata"]["namespace"] == spec["paramRef"]["namespace"]
    assert limits["data"]["l4.label"] == "nvidia.com/gpu.product=NVIDIA-L4"


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
