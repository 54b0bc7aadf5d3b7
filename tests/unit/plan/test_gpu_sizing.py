"""Models on GPUs: sized by the fit, refused when they do not fit, told when they are tight."""

import pytest

from llmplat.domain.errors import DoesNotFitError
from llmplat.plan.engine import NEEDED_BYTES, OFFERED_BYTES, VERDICT
from llmplat.plan.make import make_plan
from llmplat.spec.lock import Lock, LockedModel, ModelConfig

HUB = "hf://org/name@main"
GIB = 2**30


def lock(layers: int = 32, weights_gib: float = 15.0) -> Lock:
    """A lock of model m, a plain transformer of about eight billion parameters."""
    config = ModelConfig(
        model_type="llama",
        num_hidden_layers=layers,
        num_attention_heads=32,
        num_key_value_heads=8,
        hidden_size=4096,
        intermediate_size=14336,
        max_position_embeddings=131072,
        vocab_size=128256,
        torch_dtype="bfloat16",
    )
    weights_bytes = round(weights_gib * GIB)
    facts = {"name": "m", "source": HUB, "revision": "r", "digest": "sha256:" + "0" * 64}
    return Lock(models=(LockedModel(**facts, weights_bytes=weights_bytes, config=config),))


def model(extra: str) -> str:
    return f"{{name: m, source: '{HUB}', {extra}}}"


def test_what_fits_is_sized_by_the_engines_own_rules(planning):
    made = planning.plan(model("gpu: h100-80gb, context: 8192"), lock=lock())
    engine, memory = made.engines[0], made.models[0].memory
    assert planning.option(engine, "gpu-memory-utilization") == "0.92"
    assert int(planning.option(engine, "max-num-batched-tokens")) >= 2048
    assert "--kv-cache-memory-bytes" not in engine.argv
    assert memory.kv_bytes_per_token == 32 * 2 * 8 * 128 * 2
    assert engine.max_num_seqs == 8
    assert engine.max_num_seqs * 8192 <= engine.kv_tokens
    assert made.tight == ()


def test_pods_say_what_they_need_and_get(planning):
    engine = planning.plan(model("gpu: h100-80gb, context: 8192"), lock=lock()).engines[0]
    said = dict(engine.annotations)
    assert int(said[NEEDED_BYTES]) < int(said[OFFERED_BYTES]) < 80 * GIB
    assert int(said[NEEDED_BYTES]) > 15 * GIB
    assert said[VERDICT] == "fits"
    assert engine.gpus == 1


def test_what_does_not_fit_is_refused_with_figures_and_fixes(planning):
    with pytest.raises(DoesNotFitError, match="does not fit on 1 x l4") as caught:
        planning.plan(model("gpu: l4, context: 131072"), lock=lock())
    assert "GiB" in str(caught.value.why)
    assert caught.value.fix


def test_accepted_it_is_planned_loudly(planning):
    file = planning.platform(model("gpu: l4, context: 131072")).platform
    made = make_plan(file, lock(), planning.catalog(), is_unfit_accepted=True)
    assert any("DOES NOT FIT" in warning for warning in made.warnings)
    assert dict(made.engines[0].annotations)[VERDICT] == "does-not-fit"


def test_fewer_contexts_than_asked_for_limit_what_is_let_in(planning):
    made = planning.plan(model("gpu: h100-80gb, context: 131072, concurrency: 64"), lock=lock())
    running = made.engines[0].max_num_seqs
    assert 1 <= running < 64
    assert made.models[0].capacity.running == running
    assert any("concurrency 64" in warning for warning in made.warnings)


def test_a_split_takes_several_gpus(planning):
    options = "engine: {options: {tensor-parallel-size: 2}}"
    engine = planning.plan(model(f"gpu: l4, context: 8192, {options}"), lock=lock()).engines[0]
    assert engine.gpus == 2
    assert planning.option(engine, "tensor-parallel-size") == "2"


def test_a_stated_cache_is_said_to_the_engine(planning):
    engine = planning.plan(
        model("gpu: h100-80gb, context: 8192, engine: {kvCacheMemory: 4GiB}"), lock=lock()
    ).engines[0]
    assert planning.option(engine, "kv-cache-memory-bytes") == str(4 * GIB)
    assert engine.kv_tokens == 4 * GIB // (32 * 2 * 8 * 128 * 2)
