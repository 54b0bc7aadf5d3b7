"""A model's Deployment as an expert writes it: each property here is one that a mistake would cost."""

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.render.objects.engines import GPU_TYPE, QUEUE_LABEL
from tests.fakes.cluster_platform import HOME, every, find, model, objects_with, plan_with

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


@pytest.fixture(scope="module")
def objects():
    return objects_with()


def deployment(objects, name):
    return find(objects, "Deployment", f"engine-{name}")


def pod_of(deployment):
    return deployment["spec"]["template"]["spec"]


def test_every_container_is_restricted(objects):
    for item in [*every(objects, "Deployment"), *every(objects, "StatefulSet")]:
        pod = pod_of(item)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"] == RESTRICTED, container["name"]


def test_python_starts_where_no_source_of_its_own_lies(objects):
    for name in ("gateway", "engine-coder"):
        container = pod_of(find(objects, "Deployment", name))["containers"][0]
        assert container["workingDir"] == "/tmp"


def test_every_image_is_a_digest(objects):
    for item in [*every(objects, "Deployment"), *every(objects, "StatefulSet")]:
        pod = pod_of(item)
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert "@sha256:" in container["image"]


def test_only_the_endpoint_pickers_talk_to_the_api_server(objects):
    with_token = {
        item["metadata"]["name"]
        for item in [*every(objects, "Deployment"), *every(objects, "StatefulSet")]
        if pod_of(item).get("automountServiceAccountToken") is not False
    }
    assert with_token == {"router-assistant", "router-writer", "router-coder"}


def test_replicas_are_left_to_what_scales_them(objects):
    assert "replicas" not in deployment(objects, "coder")["spec"]
    assert deployment(objects, "assistant")["spec"]["replicas"] == 1
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in every(objects, "ScaledObject")}
    assert scaled == {"engine-coder", "engine-writer"}


def test_a_roll_out_never_asks_for_one_gpu_more(objects):
    assert deployment(objects, "assistant")["spec"]["strategy"] == {"type": "Recreate"}
    rolling = deployment(objects, "coder")["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 0, "maxUnavailable": 1}


def test_the_first_answer_is_asked_at_start_and_never_again(objects):
    container = pod_of(deployment(objects, "coder"))["containers"][0]
    assert container["startupProbe"]["exec"]["command"][-1] == "start"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"


def test_times_nest(objects):
    for name in ("assistant", "coder", "writer"):
        spec = deployment(objects, name)["spec"]
        probe = pod_of(deployment(objects, name))["containers"][0]["startupProbe"]
        budget = probe["periodSeconds"] * probe["failureThreshold"]
        assert spec["progressDeadlineSeconds"] > budget
        assert pod_of(deployment(objects, name))["terminationGracePeriodSeconds"] > 590


def test_a_pod_that_ends_waits_for_its_answers(objects):
    container = pod_of(deployment(objects, "coder"))["containers"][0]
    assert container["lifecycle"]["preStop"]["exec"]["command"][-1] == "drain"


def test_what_admission_reads_is_on_the_pod(objects):
    template = deployment(objects, "coder")["spec"]["template"]
    notes = template["metadata"]["annotations"]
    assert notes[GPU_TYPE] == "l4"
    needed = int(notes["llmplat.dev/gpu-needed-bytes"])
    offered = int(notes["llmplat.dev/gpu-offered-bytes"])
    assert needed <= offered <= load_catalog(HOME).gpus["l4"].memory_bytes
    assert template["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}


def test_gpus_go_through_the_queue(objects):
    item = deployment(objects, "coder")
    assert item["metadata"]["labels"][QUEUE_LABEL] == "models"
    limits = pod_of(item)["containers"][0]["resources"]["limits"]
    assert limits["nvidia.com/gpu"] == "1"


def test_several_gpus_share_memory(objects):
    pod = pod_of(deployment(objects, "assistant"))
    shared = next(volume for volume in pod["volumes"] if volume["name"] == "shm")
    assert shared["emptyDir"]["medium"] == "Memory"
    limit = int(pod["containers"][0]["resources"]["limits"]["memory"])
    assert limit > int(shared["emptyDir"]["sizeLimit"])
    assert not [v for v in pod_of(deployment(objects, "coder"))["volumes"] if v["name"] == "shm"]


def test_every_mount_has_its_volume(objects):
    for item in every(objects, "Deployment"):
        pod = pod_of(item)
        names = {volume["name"] for volume in pod["volumes"]}
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= names


@pytest.mark.parametrize(
    ("mode", "kubernetes"), [("image-volume", "1.36"), ("fetch", "1.34"), ("sidecar", "1.34")]
)
def test_each_delivery_brings_the_image_by_digest(mode, kubernetes):
    def change(document):
        document["substrate"]["cluster"]["kubernetes"] = kubernetes
        model(document, "coder")["delivery"] = mode

    pod = pod_of(deployment(objects_with(change), "coder"))
    image = plan_with(change).cluster.workloads.engine("coder").delivery.image
    args = pod["containers"][0]["args"]
    assert args[args.index("--model") + 1] == "/modelcar/models"
    volume = next(item for item in pod["volumes"] if item["name"] == "model")
    if mode == "image-volume":
        assert volume["image"]["reference"] == image
        assert "initContainers" not in pod
    elif mode == "fetch":
        (fetcher,) = pod["initContainers"]
        assert {"name": "LLMPLAT_IMAGE", "value": image} in fetcher["env"]
    else:
        (sidecar,) = pod["initContainers"]
        assert (sidecar["image"], sidecar["restartPolicy"]) == (image, "Always")
        assert pod["shareProcessNamespace"] is True


def test_a_disruption_budget_only_where_there_is_more_than_one():
    def change(document):
        model(document, "coder")["replicas"] = {"min": 2, "max": 3}

    budgets = {
        item["metadata"]["name"] for item in every(objects_with(change), "PodDisruptionBudget")
    }
    assert "engine-coder" in budgets
    assert "engine-assistant" not in budgets


def test_the_scaler_never_reads_silence_as_nothing_to_do(objects):
    for item in every(objects, "ScaledObject"):
        spec = item["spec"]
        notes = item["metadata"]["annotations"]
        assert notes["argocd.argoproj.io/sync-wave"] == "1", "there is nothing to read before"
        assert spec["minReplicaCount"] >= 1
        assert spec["fallback"]["behavior"] == "currentReplicasIfHigher"
        for trigger in spec["triggers"]:
            assert trigger["metadata"]["ignoreNullValues"] == "false"
            assert 'namespace="models-' in trigger["metadata"]["query"]


def test_an_embedding_model_is_served_and_started_by_a_vector():
    def change(document):
        item = model(document, "coder")
        item["kind"] = "embedding"

    container = pod_of(deployment(objects_with(change), "coder"))["containers"][0]
    assert "pooling" in container["args"]
    assert {"name": "LLMPLAT_KIND", "value": "embedding"} in container["env"]


def test_a_pod_says_nothing_twice(objects):
    """No two places of an object are one: YAML would write the second as a reference."""
    for item in every(objects, "Deployment"):
        (container, *_) = pod_of(item)["containers"]
        ready, alive = container.get("readinessProbe"), container.get("livenessProbe")
        if ready and "httpGet" in ready:
            assert ready["httpGet"] is not alive["httpGet"]
