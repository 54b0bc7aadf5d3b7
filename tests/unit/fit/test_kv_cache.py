"""What a KV cache holds: published figures of vLLM's own planner, attention kinds, missing numbers."""

import pytest

from llmplat.domain.errors import InputError
from llmplat.fit.kv_cache import KvCache, KvSettings, kv_cache_of
from llmplat.plan.fit_values import families

QWEN3_8B = {
    "model_type": "qwen3",
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "vocab_size": 151936,
    "torch_dtype": "bfloat16",
}
GIB = 2**30


def cache(config: dict[str, object], context: int = 4096, **settings: object) -> KvCache:
    wanted = {"block_tokens": 128, "batched_tokens": 2048, **settings}
    return kv_cache_of(config, families(), KvSettings(context, **wanted))  # type: ignore[arg-type]  # names as above


def test_published_figure() -> None:
    """vLLM's own planner: Qwen3-8B, 20 GiB, blocks of 128 tokens -> 1,137 blocks."""
    kv = cache(QWEN3_8B)
    assert kv.bytes_per_token == 147_456
    assert kv.blocks_in(20 * GIB) == 1137
    assert kv.tokens_in(20 * GIB) == 1137 * 128


def test_the_engines_own_block_serves_nobody() -> None:
    kv = cache(QWEN3_8B, context=128)
    assert kv.running_in(10 * kv.layout.block_bytes) == 9
    assert kv.running_in(0) == 0


def test_bytes_for_is_just_enough() -> None:
    kv = cache(QWEN3_8B)
    needed = kv.bytes_for(8)
    assert kv.running_in(needed) == 8
    assert kv.running_in(needed - 1) == 7


def test_the_longest_request_that_fits() -> None:
    kv = cache(QWEN3_8B)
    assert kv.longest_in(kv.bytes_for(1)) == 4096
    assert kv.longest_in(11 * kv.layout.block_bytes) == 10 * 128
    assert kv.longest_in(kv.layout.block_bytes) == 0


def test_head_size_from_hidden_size() -> None:
    config = {k: v for k, v in QWEN3_8B.items() if k != "head_dim"}
    assert cache(config).bytes_per_token == 147_456


@pytest.mark.parametrize(("dtype", "factor"), [("auto", 2), ("fp8", 1), ("float32", 4)])
def test_bytes_of_the_cache_type(dtype: str, factor: int) -> None:
    assert cache(QWEN3_8B, kv_dtype=dtype).bytes_per_token == 147_456 // 2 * factor


def test_windows_save_blocks_of_long_requests_only() -> None:
    windowed = {**QWEN3_8B, "model_type": "mistral", "sliding_window": 1024}
    assert cache(windowed, context=512).blocks_each == 512 // 128 + 1
    assert cache(windowed, context=32768).blocks_each == -(-(1023 + 2048) // 128) + 1
    assert cache(windowed, context=32768, batched_tokens=512).blocks_each == 13
    assert cache(QWEN3_8B, context=32768).blocks_each == 256


def test_nested_text_config_is_read() -> None:
    config = {"model_type": "qwen3", "text_config": QWEN3_8B}
    assert cache(config).bytes_per_token == 147_456


def test_latent_attention_keeps_one_vector() -> None:
    config = {
        **QWEN3_8B,
        "model_type": "deepseek_v3",
        "kv_lora_rank": 512,
        "qk_rope_head_dim": 64,
        "qk_nope_head_dim": 128,
        "v_head_dim": 128,
    }
    assert cache(config).bytes_per_token == 36 * (512 + 64) * 2


def test_an_unknown_architecture_is_counted_and_said() -> None:
    kv = cache({**QWEN3_8B, "model_type": "nobody_knows"})
    assert kv.is_estimate
    assert kv.bytes_per_token == 147_456
    assert not cache(QWEN3_8B).is_estimate


@pytest.mark.parametrize("key", ["num_hidden_layers", "num_attention_heads"])
def test_a_missing_figure_is_named(key: str) -> None:
    config = {k: v for k, v in QWEN3_8B.items() if k not in {key, "num_key_value_heads"}}
    with pytest.raises(InputError) as caught:
        cache(config)
    assert key in f"{caught.value.what} {caught.value.why}"
