"""Which weights are stored in how many bytes."""

import pytest

from llmplat.fit.quantization import Quantization, kv_cache_scheme, merge_hf_quant


def scheme(facts, module="layers.3.mlp.up_proj", **more):
    return Quantization(facts, None, 2).of(module, **more).bytes_each


@pytest.mark.parametrize(("facts", "each"), [
    ({}, 2),
    ({"quant_method": "fp8"}, 1),
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 1 + 4 / 16384),
    ({"quant_method": "gptq", "bits": 4, "group_size": 128}, 0.5 + 2 / 128),
    ({"quant_method": "awq", "bits": 4, "group_size": 128}, 0.5 + 2.5 / 128),
    ({"quant_algo": "NVFP4"}, 0.5625),
    ({"config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "int"}}}}, 1),
    ({"config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int", "group_size": 32, "symmetric": True}}}}, 0.5625),
])  # fmt: skip
def test_bytes_of_a_linear_layer(facts, each):
    assert scheme(facts) == pytest.approx(each)


@pytest.mark.parametrize("ignored", [
    ["model.layers.3.mlp.up_proj"], ["model.language_model.layers.3.mlp*"], ["re:.*mlp.*"], ["*.mlp.*"],
    ["model.layers.3"],
])  # fmt: skip
def test_ignored_layers_stay_as_they_are(ignored):
    facts = {"quant_method": "fp8", "ignore": ignored}
    assert scheme(facts) == 2
    assert scheme(facts, "layers.4.self_attn.q_proj") in (1, 2)


def test_other_layers_are_not_ignored():
    assert (
        scheme({"quant_method": "fp8", "ignore": ["model.layers.3"]}, "layers.33.mlp.up_proj") == 1
    )


@pytest.mark.parametrize("module", ["lm_head", "embed_tokens"])
def test_tables_are_not_quantized(module):
    assert scheme({"quant_method": "fp8"}, module) == 2


def test_mxfp4_is_for_experts():
    facts = {"quant_method": "mxfp4"}
    assert scheme(facts, "layers.0.self_attn.q_proj") == 2
    assert scheme(facts, "layers.0.mlp.experts.0.up_proj", is_expert=True) == pytest.approx(0.53125)


def test_named_layers_have_their_own_scheme():
    facts = {
        "quant_algo": "MIXED_PRECISION",
        "quantized_layers": {"model.layers.3.mlp": {"quant_algo": "FP8"}},
    }
    assert scheme(facts) == 1
    assert scheme(facts, "layers.4.mlp.up_proj") == 2


def test_run_time_fp8_leaves_the_tables():
    quantization = Quantization({}, "fp8", 2)
    assert quantization.is_run_time
    assert quantization.of("layers.0.mlp.up_proj").bytes_each == 1
    assert quantization.of("lm_head").bytes_each == 2


def test_a_checkpoint_may_ask_for_an_8_bit_cache():
    assert kv_cache_scheme({"kv_cache_quant_algo": "FP8"}) == "fp8"
    assert kv_cache_scheme({"kv_cache_scheme": {"num_bits": 8}}) == "fp8"
    assert kv_cache_scheme({"kv_cache_scheme": None}) is None
    assert kv_cache_scheme({"kv_cache_scheme": "FP8"}) is None, (
        "vLLM takes no text for a scheme there"
    )


def test_a_separate_file_fills_the_gap_only():
    separate = {"quantization": {"quant_algo": "NVFP4", "exclude_modules": ["lm_head"]}}
    assert merge_hf_quant({"a": 1}, separate)["quantization_config"]["quant_algo"] == "NVFP4"
    own = {"quantization_config": {"quant_method": "fp8"}}
    assert merge_hf_quant(own, separate) == own
