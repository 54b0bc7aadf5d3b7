"""Layers to groups, blocks and tokens, beside figures that vLLM itself gave."""

import pytest

from llmplat.domain.units import GIB
from llmplat.fit.architecture import Kind
from llmplat.fit.kv_plan import Planning, Spec, layer_specs, plan_layout
from llmplat.fit.read_architecture import read_architecture
from tests.fakes.fit_models import FAMILIES, chunked, dense, hybrid, latent, sliding

PLANNING = Planning(8192)


def layout(config, tp=1, kv="bfloat16", block=16):
    architecture = read_architecture(config, FAMILIES)
    specs = layer_specs(
        architecture, kv_dtype=kv, dtype="bfloat16", block=block, tensor_parallel=tp
    )
    return plan_layout(specs)


def test_one_kind_is_one_group():
    plan = layout(dense())
    assert len(plan.groups) == 1
    assert plan.token_bytes == 2 * 32 * 8 * 128 * 2
    assert plan.block_bytes == 16 * plan.token_bytes


def test_key_value_heads_are_repeated_beyond_their_number():
    assert layout(dense(), tp=8).token_bytes == layout(dense(), tp=16).token_bytes
    assert layout(dense(), tp=4).token_bytes == layout(dense()).token_bytes // 4


def test_latent_attention_is_not_divided():
    assert layout(latent(), tp=8).token_bytes == layout(latent()).token_bytes == 8 * 576 * 2


def test_sparse_latent_attention_adds_its_indexer():
    """DeepSeek V3.2: 78,324 bytes per token over 61 layers."""
    config = latent(
        model_type="deepseek_v32", num_hidden_layers=61, index_head_dim=128, index_n_heads=64
    )
    assert layout(config, block=64).token_bytes == 78_324


def test_fp8_halves_the_cache():
    assert layout(dense(), kv="fp8").token_bytes * 2 == layout(dense()).token_bytes


def test_five_windows_to_one_are_six_groups():
    plan = layout(sliding())
    assert len(plan.groups) == 6
    assert sum(spec.kind is Kind.SLIDING for spec, _ in plan.groups) == 5


def test_nearly_equal_kinds_are_padded_not_cut():
    kinds = ["sliding_attention"] * 12 + ["full_attention"] * 13
    config = sliding(num_hidden_layers=25, layer_types=kinds, sliding_window_pattern=None)
    assert [count for _, count in layout(config).groups] == [13, 13]


def test_wider_pages_give_the_others_more_tokens():
    """Gemma 4: full layers have half the bytes per token, so their blocks hold twice as many."""
    config = sliding(
        model_type="gemma4_text", global_head_dim=512, head_dim=256, num_global_key_value_heads=2
    )
    blocks = {spec.kind: spec.block for spec, _ in layout(config).groups}
    assert blocks[Kind.FULL] == 2 * blocks[Kind.SLIDING]


def test_states_enlarge_the_attention_block():
    """Qwen3 Next: blocks of 544 tokens, pages of 557,056 bytes with two ranks (vLLM's log)."""
    plan = layout(hybrid(), tp=2)
    assert plan.block_size == 544
    assert {spec.page_bytes for spec, _ in plan.groups} == {557_056}


def test_fp8_does_not_shrink_states():
    states = [s for s, _ in layout(hybrid(), kv="fp8").groups if s.kind is Kind.STATE]
    assert states[0].state_bytes == next(
        s.state_bytes for s, _ in layout(hybrid()).groups if s.kind is Kind.STATE
    )


@pytest.mark.parametrize(
    ("length", "pages"), [(1, 2), (512, 33), (100_000, (1023 + 8192 + 15) // 16 + 1)]
)
def test_pages_of_a_window(length, pages):
    spec = Spec(Kind.SLIDING, 16, 4096, window=1024)
    assert spec.pages(length, PLANNING) == pages


@pytest.mark.parametrize(("length", "pages"), [(100, 7), (100_000, 1024)])
def test_pages_of_a_chunk(length, pages):
    assert Spec(Kind.CHUNKED, 16, 4096, window=8192).pages(length, PLANNING) == pages


def test_states_take_two_pages_when_prefixes_are_cached():
    spec = Spec(Kind.STATE, 16, 0, state_bytes=100)
    assert spec.pages(10**6, PLANNING) == 2
    assert spec.pages(10**6, Planning(8192, is_prefix_cached=False)) == 1


def test_mamba_2_keeps_a_checkpoint_more():
    spec = Spec(Kind.STATE, 16, 0, state_bytes=100, checkpoints=1)
    assert spec.pages(10**6, PLANNING) == 3


def test_the_longest_request_is_exact():
    plan = layout(chunked())
    longest = plan.longest(GIB, 10**7, PLANNING)
    assert plan.needed_bytes(longest, PLANNING) <= GIB < plan.needed_bytes(longest + 16, PLANNING)


def test_a_model_without_layers_is_refused():
    with pytest.raises(ValueError, match="no KV cache"):
        plan_layout(())
