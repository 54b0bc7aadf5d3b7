"""What a platform file leads to."""

import pytest

from llmplat.domain.errors import DoesNotFitError, LockMissingError, PlanError
from llmplat.plan.make import make_plan
from llmplat.spec.lock import Lock, LockedModel, ModelConfig


def test_ports_follow_the_gateway_and_replicas_take_consecutive_ones(planning):
    second = planning.MODEL.replace("name: m", "name: n")
    models = planning.model("replicas: {min: 2, max: 2}") + ", " + second
    made = planning.plan(models, substrate="{local: {port: 7000}}")
    assert made.gateway.port == 7000
    assert [engine.port for engine in made.engines] == [7001, 7003]
    assert [model.ports for model in made.models] == [(7001, 7002), (7003,)]
    assert [(b.model, b.replica) for b in made.gateway.backends] == [("m", 0), ("m", 1), ("n", 0)]


def test_capacity_is_concurrency_while_the_cache_holds_it(planning):
    made = planning.plan(planning.model("concurrency: 3, replicas: {min: 2, max: 2}"))
    assert made.models[0].capacity.running == 6
    assert made.models[0].capacity.waiting == 32
    assert made.engines[0].max_num_seqs == 3
    assert planning.option(made.engines[0], "max-num-seqs") == "3"
    assert made.warnings == ()


def test_a_small_cache_lowers_what_runs_at_once_and_says_so(planning):
    made = planning.plan(planning.model("concurrency: 8, engine: {kvCacheMemory: 128MiB}"))
    assert made.models[0].capacity.running == 2
    assert made.engines[0].max_num_seqs == 2
    assert "engine.kvCacheMemory: 363MiB would hold them all" in made.warnings[0]


def test_a_cache_too_small_for_one_context_is_refused_with_figures(planning):
    with pytest.raises(DoesNotFitError) as caught:
        planning.plan(planning.model("engine: {kvCacheMemory: 40MiB}"))
    assert "40.0 MiB hold 1664 tokens" in caught.value.why
    assert caught.value.fix == (
        "set engine.kvCacheMemory: 48MiB for m",
        "or set context: 1664 for m",
    )


@pytest.mark.parametrize("fix", ["engine: {kvCacheMemory: 48MiB}"])
def test_the_fix_works(planning, fix):
    assert planning.plan(planning.model(fix)).models[0].capacity.running == 1


def test_a_context_beyond_the_model_is_refused(planning):
    model = "{name: m, source: 'demo://smollm2-135m-instruct', context: 9000}"
    with pytest.raises(DoesNotFitError, match="9000 tokens"):
        planning.plan(model)


def test_without_context_it_is_the_models_own(planning):
    made = planning.plan("{name: m, source: 'demo://smollm2-135m-instruct', concurrency: 1}")
    assert made.models[0].context == 8192


def test_a_model_that_no_lock_knows_needs_one(planning):
    model = "{name: m, source: 'hf://org/name@main', context: 128}"
    with pytest.raises(LockMissingError) as caught:
        planning.plan(model)
    assert caught.value.fix == ("llmplat lock",)
    with pytest.raises(LockMissingError, match="Nothing is known"):
        planning.plan(model, lock=Lock())


def test_all_models_that_fail_are_told_together(planning):
    bad = planning.model("engine: {kvCacheMemory: 40MiB}")
    with pytest.raises(PlanError) as caught:
        planning.plan(f"{bad}, {bad.replace('name: m', 'name: n')}")
    assert [finding.code for finding in caught.value.findings] == ["fit-impossible"] * 2


def test_an_external_model_has_the_price_and_context_it_states(planning):
    external = "{name: m, backend: {url: 'https://x.example.com/v1', model: big}, context: 100"
    price = "price: {inputUsdPerMillionTokens: 1, outputUsdPerMillionTokens: 2}"
    file = planning.platform(f"{external}, {price}}}").platform
    made = make_plan(file, None, planning.catalog())
    assert made.engines == ()
    assert made.models[0].price.output_nanousd_per_token == 2000
    assert made.gateway.backends[0].url == "https://x.example.com/v1"
    unknown = file.models[0].model_copy(update={"context": None})
    with pytest.raises(PlanError, match="needs a context"):
        make_plan(file.model_copy(update={"models": (unknown,)}), None, planning.catalog())


def test_an_unknown_gpu_is_refused_with_the_nearest(planning):
    with pytest.raises(PlanError) as caught:
        planning.plan(planning.model("gpu: h100-80bg"))
    assert "h100-80gb" in caught.value.why


def test_a_gpu_takes_the_cuda_runtime_without_processor_options(planning):
    engine = planning.plan(planning.model("gpu: l4")).engines[0]
    assert engine.runtime == "vllm-cuda"
    assert "--enforce-eager" not in engine.argv


def test_the_serving_profile_ends_below_the_gateway(planning):
    made = planning.plan(profile="serving")
    assert made.gateway is None
    assert made.tenants == ()
    assert [engine.model for engine in made.engines] == ["m"]


def test_max_tokens_and_defaults(planning):
    assert planning.plan().models[0].default_max_tokens == 256
    small = planning.plan(planning.model("maxTokens: 100")).models[0]
    assert (small.max_tokens, small.default_max_tokens) == (100, 100)


def locked(**changes):
    """A lock of model m at a hub source, its configuration changed."""
    config = {
        "model_type": "llama",
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "hidden_size": 64,
        "vocab_size": 512,
        "max_position_embeddings": 512,
        **changes.pop("config", {}),
    }
    facts = {
        "name": "m",
        "source": HUB,
        "revision": "r",
        "digest": "sha256:" + "0" * 64,
        "weights_bytes": 1000,
        **changes,
    }
    return Lock(models=(LockedModel(**facts, config=ModelConfig(**config)),))


HUB = "hf://org/name@main"


def test_what_a_lock_says_is_planned(planning):
    made = planning.plan(f"{{name: m, source: '{HUB}'}}", lock=locked())
    assert (made.models[0].revision, made.models[0].context) == ("r", 512)


def test_a_lock_without_weights_is_no_lock(planning):
    with pytest.raises(LockMissingError) as caught:
        planning.plan(f"{{name: m, source: '{HUB}'}}", lock=locked(weights_bytes=0))
    assert "no weights" in caught.value.why


def test_a_lock_of_another_source_is_told(planning):
    with pytest.raises(LockMissingError) as caught:
        planning.plan(f"{{name: m, source: '{HUB}'}}", lock=locked(source="hf://org/other@main"))
    assert "hf://org/other@main" in caught.value.why


@pytest.mark.parametrize(
    "config", [{"num_attention_heads": None}, {"num_hidden_layers": None}, {"vocab_size": None}]
)
def test_a_configuration_that_makes_no_sense_is_a_plain_error(planning, config):
    with pytest.raises(DoesNotFitError, match="KV cache"):
        planning.plan(f"{{name: m, source: '{HUB}'}}", lock=locked(config=config))
