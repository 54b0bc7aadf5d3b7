"""With KServe switched on a model keeps its pod, and one owner of its replicas."""

import pytest

from llmplat.domain.errors import PlanError
from tests.fakes.cluster_platform import every, find, model, objects_with, plan_with


def with_kserve(document):
    document["components"] = {name: {"enabled": True} for name in ("kserve", "kserve-crd")}


@pytest.fixture(scope="module")
def plain():
    return objects_with()


@pytest.fixture(scope="module")
def objects():
    return objects_with(with_kserve)


def test_the_pod_is_the_same_but_for_the_containers_name(plain, objects):
    pod = find(plain, "Deployment", "engine-coder")["spec"]["template"]["spec"]
    predictor = find(objects, "InferenceService", "engine-coder")["spec"]["predictor"]
    (container,) = predictor["containers"]
    assert container == pod["containers"][0] | {"name": "kserve-container"}
    assert {key: predictor[key] for key in pod if key != "containers"} == {
        key: value for key, value in pod.items() if key != "containers"
    }


def test_labels_and_numbers_are_on_the_pods(plain, objects):
    template = find(plain, "Deployment", "engine-coder")["spec"]["template"]["metadata"]
    predictor = find(objects, "InferenceService", "engine-coder")["spec"]["predictor"]
    assert predictor["labels"] == template["labels"]
    assert predictor["annotations"] == template["annotations"]


def test_standard_mode_and_one_owner_of_replicas(objects):
    scaled = find(objects, "InferenceService", "engine-coder")["metadata"]["annotations"]
    fixed = find(objects, "InferenceService", "engine-assistant")["metadata"]["annotations"]
    assert scaled["serving.kserve.io/deploymentMode"] == "Standard"
    assert scaled["serving.kserve.io/autoscalerClass"] == "external"
    assert fixed["serving.kserve.io/autoscalerClass"] == "none"
    target = find(objects, "ScaledObject", "engine-coder")["spec"]["scaleTargetRef"]
    assert target["name"] == "engine-coder-predictor"


def test_no_engine_is_run_twice(objects):
    names = {item["metadata"]["name"] for item in every(objects, "Deployment")}
    assert not names & {"engine-coder", "engine-writer", "engine-assistant"}


def test_its_controller_acts_for_the_platform():
    users = plan_with(with_kserve).cluster.workloads.policies.users
    assert "system:serviceaccount:kserve:kserve-controller-manager" in users
    assert not [user for user in plan_with().cluster.workloads.policies.users if "kserve" in user]


IMAGE = f"registry.example.com/team/models/coder@sha256:{'c' * 64}"


def with_canary(document):
    with_kserve(document)
    model(document, "coder")["canary"] = {"source": f"oci://{IMAGE}", "trafficPercent": 20}


def test_a_canary_is_one_more_replica_with_another_image():
    spec = find(objects_with(with_canary), "InferenceService", "engine-coder")["spec"]
    (canary,) = spec["canary"]
    assert canary["trafficPercent"] == 20
    tried, own = canary["predictor"], spec["predictor"]
    assert (tried["name"], tried["minReplicas"], tried["maxReplicas"]) == ("canary", 1, 1)
    assert tried["labels"] == own["labels"], "the router sees both"
    (fetcher,) = tried["initContainers"]
    assert {"name": "LLMPLAT_IMAGE", "value": IMAGE} in fetcher["env"]
    assert tried["containers"] == own["containers"]


def test_a_canary_needs_its_gpu_too():
    def need(change):
        needs = plan_with(change).cluster.workloads.queues.needs
        return next((n.floor, n.most) for n in needs if n.model == "coder")

    floor, most = need(with_kserve)
    assert need(with_canary) == (floor + 1, most + 1)


def test_a_canary_without_kserve_is_refused():
    def change(document):
        with_canary(document)
        del document["components"]

    with pytest.raises(PlanError) as refused:
        plan_with(change)
    assert "nobody to look after it" in refused.value.what
