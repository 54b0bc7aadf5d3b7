"""How pods get GPUs: by number, shared or claimed; and a word where the cluster cannot."""

from dataclasses import replace

import pytest
import yaml

from llmplat.domain.errors import PlanError
from llmplat.plan.make import make_plan
from llmplat.render.tree import make_tree
from llmplat.spec.load import parse_platform
from tests.fakes import cluster_platform
from tests.fakes.cluster_platform import catalog, every, find, model, objects_with, plan_with


def claimed(document):
    document["substrate"]["cluster"]["gpuAllocation"] = "dra"


def shared(document):
    cluster = document["substrate"]["cluster"]
    cluster["gpus"] = [
        {"name": "l4", "count": 6, "labels": {"nvidia.com/gpu.product": "NVIDIA-L4-SHARED"},
         "sharing": {"mode": "time-slicing", "clients": 2}},
    ]  # fmt: skip
    document["models"] = [model(document, "coder")]
    document["models"][0]["aliases"] = ["assistant"]


def refusal(change, **more):
    with pytest.raises(PlanError) as refused:
        plan_with(change, **more)
    return refused.value


def values_of(plan, name):
    text = make_tree(plan, catalog()).text(f"root/applications/{name}.yaml")
    return yaml.safe_load(text)["spec"]["source"]["helm"]["valuesObject"]


def test_a_claim_asks_for_as_many_gpus_as_a_replica_needs_each_with_the_memory_of_its_fit():
    objects = objects_with(claimed)
    pod = find(objects, "Deployment", "engine-assistant")["spec"]["template"]
    template = pod["spec"]["resourceClaims"][0]["resourceClaimTemplateName"]
    devices = find(objects, "ResourceClaimTemplate", template)["spec"]["spec"]["devices"]
    exactly = devices["requests"][0]["exactly"]
    assert exactly["count"] == 2
    needed = pod["metadata"]["annotations"]["llmplat.dev/gpu-needed-bytes"]
    assert f"quantity('{needed}')" in exactly["selectors"][0]["cel"]["expression"]
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["claims"] == [{"name": "gpus"}]
    assert "nvidia.com/gpu" not in {**resources["requests"], **resources["limits"]}


def test_the_queues_count_the_class_that_engines_claim():
    plan = plan_with(claimed)
    (device_class,) = every(objects_with(claimed), "DeviceClass")
    text = values_of(plan, "kueue")["managerConfig"]["controllerManagerConfigYaml"]
    mapping = yaml.safe_load(text)["resources"]["deviceClassMappings"]
    assert mapping == [
        {"name": "nvidia.com/gpu", "deviceClassNames": [device_class["metadata"]["name"]]}
    ]
    (queue, *_) = every(objects_with(claimed), "ClusterQueue")
    assert queue["spec"]["resourceGroups"][0]["coveredResources"] == ["nvidia.com/gpu"]


def test_who_claims_runs_no_device_plugin_and_no_claim_comes_without_a_driver():
    plan = plan_with(claimed)
    assert values_of(plan, "gpu-operator")["devicePlugin"] == {"enabled": False}
    assert values_of(plan, "dra-driver-nvidia-gpu")["nvidiaDriverRoot"] == "/run/nvidia/driver"
    assert "dra-driver-nvidia-gpu" not in [one.name for one in plan_with().components]


def test_another_wish_is_another_template_because_templates_cannot_be_changed():
    def wider(document):
        claimed(document)
        model(document, "coder")["context"] = 16384

    names = [{t["metadata"]["name"] for t in every(objects_with(c), "ResourceClaimTemplate")}
             for c in (claimed, wider)]  # fmt: skip
    assert len(names[0] - names[1]) == 1


def test_an_owner_may_claim_no_more_than_there_is():
    (quota, *_) = every(objects_with(claimed), "ResourceQuota")
    hard = quota["spec"]["hard"]
    assert hard["gpu.llmplat.dev.deviceclass.resource.k8s.io/devices"] == "8"


def test_an_old_cluster_cannot_claim():
    def change(document):
        claimed(document)
        document["substrate"]["cluster"]["kubernetes"] = "1.33"

    error = refusal(change)
    assert error.what == "GPUs cannot be claimed in this cluster."
    assert "1.33" in error.why
    assert "1.34" in error.why


def test_a_kueue_that_counts_no_claims_is_refused():
    kueue = catalog().components["kueue"]
    old = replace(kueue, version=replace(kueue.version, pinned="0.17.3"))
    components = {**catalog().components, "kueue": old}
    document = cluster_platform.example("cluster-two-teams") | {"profile": "serving"}
    cluster = document["substrate"]["cluster"] | {"gpuAllocation": "dra"}
    document["substrate"] = document["substrate"] | {"cluster": cluster}
    platform = parse_platform(yaml.safe_dump(document), "platform.yaml").platform
    lock = cluster_platform.example_lock("cluster-two-teams")
    charts = [c.model_copy(update={"version": "0.17.3"}) if c.name == "kueue" else c
              for c in lock.charts]  # fmt: skip
    lock = lock.model_copy(update={"charts": tuple(charts)})
    with pytest.raises(PlanError) as refused:
        make_plan(platform, lock, replace(catalog(), components=components))
    assert refused.value.what == "Claimed GPUs would be counted by nobody."
    assert "0.17.3" in refused.value.why


def test_claimed_gpus_are_not_shared():
    def change(document):
        shared(document)
        claimed(document)

    assert refusal(change).what == "GPUs that are claimed cannot be shared."


def test_a_shared_gpu_of_a_cluster_counts_once_for_each_engine_and_gives_each_its_part():
    plan = plan_with(shared)
    (flavor,) = plan.cluster.workloads.queues.flavors
    assert (flavor.supply, flavor.per_node) == (12, 2)
    argv = plan.engines[0].argv
    assert argv[argv.index("--gpu-memory-utilization") + 1] == "0.45"
    sharing = yaml.safe_load(
        values_of(plan, "gpu-operator")["devicePlugin"]["config"]["data"]["shared"]
    )
    assert sharing["sharing"]["timeSlicing"]["resources"] == [
        {"name": "nvidia.com/gpu", "replicas": 2}
    ]


def test_the_product_of_shared_gpus_has_another_name():
    def change(document):
        shared(document)
        document["substrate"]["cluster"]["gpus"][0]["labels"] = {
            "nvidia.com/gpu.product": "NVIDIA-L4"
        }

    error = refusal(change)
    assert error.fix == ("labels: {nvidia.com/gpu.product: NVIDIA-L4-SHARED}",)


@pytest.mark.parametrize("mode", ["mig", "mps"])
def test_other_ways_of_sharing_are_refused_with_their_reason(mode):
    def change(document):
        shared(document)
        document["substrate"]["cluster"]["gpus"][0]["sharing"]["mode"] = mode

    assert f"cannot be shared by {mode}" in refusal(change).what


def test_the_operator_shares_all_gpus_alike_or_none():
    def change(document):
        document["substrate"]["cluster"]["gpus"][0]["sharing"] = {"mode": "time-slicing"}
        document["substrate"]["cluster"]["gpus"][0]["labels"] = {"kind": "l4"}
        document["models"].remove(model(document, "writer"))

    assert "told one way of sharing" in refusal(change).why


def test_without_the_operator_each_node_may_share_as_it_likes():
    def change(document):
        document["substrate"]["cluster"]["gpuStack"] = "none"
        document["substrate"]["cluster"]["gpus"][0]["sharing"] = {"mode": "time-slicing"}
        document["substrate"]["cluster"]["gpus"][0]["labels"] = {"kind": "l4"}
        del document["models"][1]

    assert plan_with(change).cluster.workloads.queues.flavors[0].supply == 12
