"""The facts planning reads, from configurations of both shapes."""

from llmplat.fit.config_facts import read_config_facts


def test_absent_facts_are_left_out_and_others_ignored() -> None:
    config = {"model_type": "llama", "hidden_size": 64, "rope_theta": 1.0, "head_dim": None}
    assert read_config_facts(config) == {"model_type": "llama", "hidden_size": 64}


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
    }


def test_the_older_name_of_the_dtype_wins() -> None:
    assert read_config_facts({"torch_dtype": "float16", "dtype": "x"})["torch_dtype"] == "float16"
