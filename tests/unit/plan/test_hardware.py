"""Which hardware `gpu: auto` takes: what the lock has seen, and nothing it has not."""

import pytest

from llmplat.spec.lock import Lock, LockedGpu
from tests.fakes.cluster_platform import plan_with

L4 = LockedGpu(name="NVIDIA L4", memory_bytes=23034 * 1024**2)
A100_40 = LockedGpu(name="NVIDIA A100-SXM4-40GB", memory_bytes=40960 * 1024**2)
A100_80 = LockedGpu(name="NVIDIA A100 80GB PCIe", memory_bytes=81920 * 1024**2)
RTX_4090 = LockedGpu(name="NVIDIA GeForce RTX 4090", memory_bytes=24564 * 1024**2)
H200 = LockedGpu(name="NVIDIA H200", memory_bytes=143771 * 1024**2)
H100 = LockedGpu(name="NVIDIA H100 80GB HBM3", memory_bytes=81559 * 1024**2)
TWO = (
    "{name: m, source: 'demo://smollm2-135m-instruct', context: 2048},"
    "{name: n, source: 'demo://smollm2-135m-instruct', context: 2048}"
)


def gpus(planned):
    return [(model.gpu, model.runtime) for model in planned.models]


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (L4, "l4"),
        (A100_40, "a100-40gb"),
        (A100_80, "a100-80gb"),
        (H100, "h100-80gb"),
        (H200, "h200-141gb"),
        (RTX_4090, "rtx-4090"),
    ],
)
def test_auto_is_the_gpu_the_lock_has_seen(planning, seen, name):
    assert gpus(planning.plan(lock=Lock(gpus=(seen,)))) == [(name, "vllm-cuda")]


def test_auto_is_the_processor_without_a_gpu_or_with_an_unknown_one(planning):
    for lock in (Lock(), Lock(gpus=(LockedGpu(name="NVIDIA Unheard-of 9"),))):
        assert gpus(planning.plan(lock=lock)) == [(None, "vllm-cpu")]


def test_one_gpu_serves_one_engine(planning):
    planned = planning.plan(TWO, lock=Lock(gpus=(L4,)))
    assert gpus(planned) == [("l4", "vllm-cuda"), (None, "vllm-cpu")]


def test_replicas_take_a_gpu_each_or_none(planning):
    model = planning.model("replicas: {min: 2, max: 2}")
    assert gpus(planning.plan(model, lock=Lock(gpus=(L4,)))) == [(None, "vllm-cpu")]
    assert gpus(planning.plan(model, lock=Lock(gpus=(L4, L4)))) == [("l4", "vllm-cuda")]


def test_a_split_model_takes_all_its_gpus(planning):
    split = planning.model("engine: {options: {pipeline-parallel-size: 2}}")
    other = split.replace("name: m", "name: n")
    lock = Lock(gpus=(L4,) * 3)
    (first, second) = planning.plan(f"{split}, {other}", lock=lock).engines
    assert (first.gpus, first.runtime) == (2, "vllm-cuda")
    assert (second.gpus, second.runtime) == (0, "vllm-cpu")


@pytest.mark.parametrize("usd", [0.2, 0])
def test_a_price_of_the_file_is_the_plan_s_and_opencost_s(usd):
    def stated(document):
        document["substrate"]["cluster"]["gpus"][0]["usdPerHour"] = usd

    rented, own = plan_with(name="cluster-smallest"), plan_with(stated, name="cluster-smallest")
    assert own.models[0].usd_per_hour == own.cluster.settings.gpu_usd_per_hour == usd
    assert rented.models[0].usd_per_hour > usd
    assert "per hour: substrate.cluster.gpus" in own.models[0].price.how
