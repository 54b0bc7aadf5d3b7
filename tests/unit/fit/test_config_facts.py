"""The facts planning reads, from configurations of both shapes."""

from llmplat.fit.config_facts import read_config_facts


def test_absent_facts_are_left_out() -> None:
    config = {"model_type": "llama", "hidden_size": 64, "rope_theta": 1.0, "head_dim": None}
    assert read_config_facts(config) == {
        "model_type": "llama",
        "hidden_size": 64,
        "rope_theta": 1.0,
    }


def test_the_language_part_of_a_larger_model_counts() -> None:
    config = {
        "model_type": "vision",
        "architectures": ["VisionForConditionalGeneration"],
        "hidden_size": 1,
        "text_config": {"model_type": "llama", "hidden_size": 64, "dtype": "bfloat16"},
    }
    assert read_config_facts(config) == {
        "model_type": "vision",
        "architectures": ["VisionForConditionalGeneration"],
        "hidden_size": 64,
        "torch_dtype": "bfloat16",
        "text_config": config["text_config"],
    }


def test_what_memory_does_not_depend_on_is_left_out() -> None:
    config = {"id2label": {"0": "x"}, "eos_token_id": 2, "attention_dropout": 0.0, "vocab_size": 9}
    assert read_config_facts(config) == {"vocab_size": 9}


def test_experts_of_a_layer_share_one_name() -> None:
    names = [f"model.layers.3.mlp.experts.{n}.up_proj" for n in range(64)]
    config = {
        "quantization_config": {
            "ignore": [*names, "lm_head"],
            "quantized_layers": {name: {"quant_algo": "FP8"} for name in names},
        }
    }
    short = read_config_facts(config)["quantization_config"]
    assert short["ignore"] == ["model.layers.3.mlp.experts.0.up_proj", "lm_head"]
    assert short["quantized_layers"] == {
        "model.layers.3.mlp.experts.0.up_proj": {"quant_algo": "FP8"}
    }


def test_the_older_name_of_the_dtype_wins() -> None:
    assert read_config_facts({"torch_dtype": "float16", "dtype": "x"})["torch_dtype"] == "float16"
