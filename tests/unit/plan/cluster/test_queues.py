"""GPUs and quotas: floors first, then growth, never more than there is, and a word when it cannot be."""

import pytest

from llmplat.domain.errors import PlanError
from tests.fakes.cluster_platform import model, plan_with


def queues(change=None, **more):
    return plan_with(change, **more).cluster.workloads.queues


def quota(found, owner):
    return dict(next(queue for queue in found.queues if queue.owner == owner).quotas)


def test_every_owner_gets_its_floor_and_room_to_grow():
    found = queues()
    assert quota(found, "platform") == {"l4": 0, "h100-80gb": 2}
    assert quota(found, "team-a") == {"l4": 3, "h100-80gb": 0}
    assert quota(found, "team-b") == {"l4": 3, "h100-80gb": 0}


def test_without_a_stated_quota_an_owner_gets_what_its_models_need_at_most():
    def change(document):
        del document["tenants"][0]["gpuQuota"]

    assert quota(queues(change), "team-a")["l4"] == 2


def test_a_quota_below_the_floor_is_refused():
    def change(document):
        model(document, "writer")["replicas"] = {"min": 4, "max": 4}
        document["substrate"]["cluster"]["gpus"][0]["count"] = 8

    with pytest.raises(PlanError) as refused:
        queues(change)
    assert "gpuQuota is 3" in refused.value.why
    assert "gpuQuota: 4" in refused.value.fix[0]


def test_a_gpu_that_the_cluster_lacks_is_refused():
    def change(document):
        del document["substrate"]["cluster"]["gpus"][1]

    with pytest.raises(PlanError) as refused:
        queues(change)
    assert "assistant fits nowhere" in refused.value.what
    assert "h100-80gb" in refused.value.why


def test_a_replica_wider_than_any_machine_is_refused():
    def change(document):
        document["substrate"]["cluster"]["gpus"][1]["perNode"] = 1

    with pytest.raises(PlanError) as refused:
        queues(change)
    assert "2 GPUs h100-80gb of one machine" in refused.value.why


def test_more_floors_than_gpus_are_refused():
    def change(document):
        document["substrate"]["cluster"]["gpus"][0]["count"] = 1

    with pytest.raises(PlanError) as refused:
        queues(change)
    assert "too few GPUs l4" in refused.value.what
    assert "need 2; the substrate has 1" in refused.value.why


def test_gpus_that_cannot_be_told_apart_are_refused():
    def change(document):
        del document["substrate"]["cluster"]["gpus"][0]["labels"]

    with pytest.raises(PlanError) as refused:
        queues(change)
    assert "told apart" in refused.value.what


def test_a_pool_of_the_cloud_is_a_flavor_with_its_own_labels():
    found = queues(name="cluster-production")
    h100 = next(flavor for flavor in found.flavors if flavor.name == "h100")
    assert h100.supply == 16
    assert dict(h100.selector) == {"cloud.google.com/gke-accelerator": "nvidia-h100-80gb"}
    assert ("cloud.google.com/gke-nodepool", "h100") in h100.labels


def test_pools_that_may_vanish_come_last():
    def change(document):
        pools = document["substrate"]["gke"]["pools"]
        spot = {
            "name": "l4-spot",
            "machine": "g2-standard-8",
            "gpu": "l4",
            "count": 1,
            "spot": True,
        }
        pools.insert(1, spot)

    found = queues(change, name="cluster-production")
    assert [flavor.name for flavor in found.flavors][-1] == "l4-spot"


def shared(document):
    pools = document["substrate"]["gke"]["pools"]
    pools[1]["sharing"] = {"mode": "time-slicing", "clients": 2}
    pools[1]["gpu"] = "h100-80gb"
    pools[1]["machine"] = "a3-highgpu-1g"
    del pools[2]
    for name in ("assistant", "writer"):
        document["models"].remove(model(document, name))
    del document["tenants"][2:], document["components"]["open-webui"]
    document["tenants"][0]["gpuQuota"] = 0


def test_engines_that_share_a_gpu_share_its_memory():
    plan = plan_with(shared, name="cluster-production")
    flavor = plan.cluster.workloads.queues.flavors[0]
    assert flavor.supply == 16
    assert dict(flavor.selector)["cloud.google.com/gke-gpu-sharing-strategy"] == "time-sharing"
    argv = plan.engines[0].argv
    assert argv[argv.index("--gpu-memory-utilization") + 1] == "0.45"


def test_a_split_model_needs_whole_gpus():
    def change(document):
        shared(document)
        model(document, "coder")["engine"] = {"options": {"tensor-parallel-size": 2}}

    with pytest.raises(PlanError) as refused:
        plan_with(change, name="cluster-production")
    assert "split over shared GPUs" in refused.value.what


def test_parts_with_names_of_their_own_are_refused():
    def change(document):
        shared(document)
        document["substrate"]["gke"]["pools"][1]["sharing"]["mode"] = "mig"

    with pytest.raises(PlanError) as refused:
        plan_with(change, name="cluster-production")
    assert "cannot be shared by mig" in refused.value.what


def test_a_kind_of_gpu_is_shared_everywhere_or_nowhere():
    def change(document):
        document["substrate"]["gke"]["pools"][2]["sharing"] = {"mode": "time-slicing", "clients": 2}
        more = {"name": "more", "machine": "a3-highgpu-8g", "gpu": "h100-80gb", "count": 8}
        document["substrate"]["gke"]["pools"].append(more)

    with pytest.raises(PlanError) as refused:
        plan_with(change, name="cluster-production")
    assert "are shared and others are not" in str(refused.value.what) or refused.value.findings
