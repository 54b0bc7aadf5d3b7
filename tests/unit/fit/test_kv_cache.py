"""KV-cache bytes per token, tokens in a budget, and the schemes that are refused."""

import pytest

from llmplat.domain.errors import DoesNotFitError
from llmplat.fit.kv_cache import bytes_for, kv_cache_of, tokens_in

QWEN3_8B = {
    "model_type": "qwen3",
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "hidden_size": 4096,
    "torch_dtype": "bfloat16",
}
GIB = 2**30


def test_published_figure():
    """vLLM's own planner: Qwen3-8B, 20 GiB, blocks of 128 tokens -> 1,137 blocks, one kept."""
    kv = kv_cache_of(QWEN3_8B)
    assert kv.bytes_per_token == 147_456
    assert tokens_in(20 * GIB, kv.bytes_per_token, 128) == (1137 - 1) * 128


def test_the_null_block_is_not_counted():
    assert tokens_in(10 * 16 * 100, 100, 16) == 9 * 16
    assert tokens_in(0, 100, 16) == 0


def test_bytes_for_is_just_enough():
    needed = bytes_for(2048, 8, 23040, 128)
    assert tokens_in(needed, 23040, 128) == 8 * 2048
    assert tokens_in(needed - 1, 23040, 128) < 8 * 2048


def test_head_size_from_hidden_size():
    config = {k: v for k, v in QWEN3_8B.items() if k != "head_dim"}
    assert kv_cache_of(config).bytes_per_token == 147_456


def test_all_heads_without_grouped_queries():
    config = {k: v for k, v in QWEN3_8B.items() if k != "num_key_value_heads"}
    assert kv_cache_of(config).bytes_per_token == 4 * 147_456


@pytest.mark.parametrize(("dtype", "factor"), [("auto", 2), ("fp8", 1), ("float32", 4)])
def test_bytes_of_the_cache_type(dtype, factor):
    assert kv_cache_of(QWEN3_8B, kv_dtype=dtype).bytes_per_token == 147_456 // 2 * factor


def test_sliding_window_is_an_estimate():
    assert kv_cache_of({**QWEN3_8B, "sliding_window": 4096}).is_estimate
    unused = {**QWEN3_8B, "sliding_window": 4096, "use_sliding_window": False}
    assert not kv_cache_of(unused).is_estimate


def test_nested_text_config_is_read():
    assert kv_cache_of({"text_config": QWEN3_8B}).bytes_per_token == 147_456


@pytest.mark.parametrize("key", ["kv_lora_rank", "attention_chunk_size", "layers_block_type"])
def test_other_schemes_are_refused(key):
    with pytest.raises(DoesNotFitError, match="cannot be computed") as caught:
        kv_cache_of({**QWEN3_8B, key: 512})
    assert key in caught.value.why


@pytest.mark.parametrize("key", ["num_hidden_layers", "num_attention_heads"])
def test_a_missing_figure_is_named(key):
    config = {k: v for k, v in QWEN3_8B.items() if k not in {key, "num_key_value_heads"}}
    with pytest.raises(DoesNotFitError) as caught:
        kv_cache_of(config)
    assert key in caught.value.why
