"""Laws of the GPU fit that hold for every model: more asked never needs less, fewer bits never more."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llmplat.domain.units import GIB
from llmplat.fit.estimate import estimate
from llmplat.fit.inputs import EngineSettings, Gpu
from llmplat.fit.result import Verdict
from tests.fakes.fit_models import EACH_KIND, FAMILIES

gpus = st.builds(
    lambda gib, capability: Gpu("some", round(gib * GIB), compute_capability=capability),
    st.floats(6, 300),
    st.sampled_from([(8, 0), (9, 0), (10, 0)]),
)
asked = st.builds(
    EngineSettings,
    vllm_version=st.sampled_from(["0.8.5", "0.11.0", "0.16.0", "0.19.0", "0.21.0", "0.33.0"]),
    tensor_parallel=st.sampled_from([1, 2, 4, 8]),
    max_model_len=st.integers(16, 131072),
    max_num_seqs=st.integers(1, 1024),
    max_num_batched_tokens=st.integers(1024, 32768),
    gpu_memory_utilization=st.floats(0.3, 0.97),
    enforce_eager=st.booleans(),
)
models = st.builds(
    lambda kind, layers: EACH_KIND[kind](num_hidden_layers=layers * 4),
    st.sampled_from(sorted(EACH_KIND)),
    st.integers(1, 24),
)


def fit(config, asked_for, gpu):
    return estimate(config, asked_for, gpu, families=FAMILIES, with_fixes=False)


def needed(result):
    """Bytes of one GPU with one request of the whole context."""
    m = result.memory
    return (
        m.weights.bytes
        + m.torch_peak.bytes
        + m.non_torch.bytes
        + m.cuda_graphs.bytes
        + result.kv_cache.needed_bytes
    )


@given(models, asked, gpus)
@settings(max_examples=60, deadline=None)
def test_same_input_same_answer(config, asked_for, gpu):
    assert fit(config, asked_for, gpu) == fit(config, asked_for, gpu)


@given(models, asked, gpus, st.integers(1, 1024))
@settings(max_examples=60, deadline=None)
def test_more_requests_never_need_less(config, asked_for, gpu, more):
    larger = replace(asked_for, max_num_seqs=(asked_for.max_num_seqs or 1) + more)
    assert needed(fit(config, larger, gpu)) >= needed(fit(config, asked_for, gpu))


@given(models, asked, gpus, st.integers(1, 50000))
@settings(max_examples=60, deadline=None)
def test_more_context_never_needs_less(config, asked_for, gpu, more):
    length = asked_for.max_model_len or 1
    assume(length + more <= 131072)
    larger = replace(asked_for, max_model_len=length + more)
    assert needed(fit(config, larger, gpu)) >= needed(fit(config, asked_for, gpu))


@given(st.sampled_from(sorted(EACH_KIND)), asked, gpus, st.integers(1, 10), st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_more_layers_never_need_less(kind, asked_for, gpu, layers, more):
    few = EACH_KIND[kind](num_hidden_layers=4 * layers)
    many = EACH_KIND[kind](num_hidden_layers=4 * (layers + more))
    assert needed(fit(many, asked_for, gpu)) >= needed(fit(few, asked_for, gpu))


@given(models, asked, gpus, st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_wider_feed_forwards_never_need_less(config, asked_for, gpu, factor):
    wide = config | {"intermediate_size": config["intermediate_size"] * factor}
    assert needed(fit(wide, asked_for, gpu)) >= needed(fit(config, asked_for, gpu))


@given(models, asked, gpus)
@settings(max_examples=60, deadline=None)
def test_fewer_bits_never_need_more(config, asked_for, gpu):
    whole = fit(config, asked_for, gpu)
    assert needed(fit(config, replace(asked_for, quantization="fp8"), gpu)) <= needed(whole)
    small_cache = fit(config, replace(asked_for, kv_cache_dtype="fp8"), gpu)
    # Two kinds of page may pad each other more in fewer bits, by less than a page of each layer.
    pages = 2 * len(whole.steps) * whole.kv_cache.bytes_per_token * whole.kv_cache.block_size
    assert needed(small_cache) <= needed(whole) + pages


@given(models, asked, gpus)
@settings(max_examples=60, deadline=None)
def test_splitting_never_needs_more_weights_or_cache_per_gpu(config, asked_for, gpu):
    one = fit(config, replace(asked_for, tensor_parallel=1), gpu)
    for tp in (2, 4, 8):
        split = fit(config, replace(asked_for, tensor_parallel=tp), gpu)
        assert split.memory.weights.bytes <= one.memory.weights.bytes
        assert split.kv_cache.bytes_per_token <= one.kv_cache.bytes_per_token
        assert split.memory.torch_peak.bytes <= one.memory.torch_peak.bytes


@given(models, asked, gpus)
@settings(max_examples=100, deadline=None)
def test_a_rejection_says_by_how_much_and_a_fit_has_room(config, asked_for, gpu):
    result = fit(config, asked_for, gpu)
    assert result.reasons
    if result.verdict is Verdict.DOES_NOT_FIT:
        assert result.short_bytes > 0
        assert result.vllm_error
    if result.verdict is Verdict.FITS:
        assert result.short_bytes == 0
        assert result.memory.kv_cache.p10 >= result.kv_cache.needed_bytes
        assert result.kv_cache.max_model_len_that_fits >= (asked_for.max_model_len or 0)


@given(models, asked, gpus)
@settings(max_examples=60, deadline=None)
def test_intervals_hold_their_value(config, asked_for, gpu):
    m = fit(config, asked_for, gpu).memory
    for term in (m.weights, m.torch_peak, m.non_torch, m.cuda_graphs, m.kv_cache):
        assert term.p10 <= term.bytes <= term.p90
        assert term.formula
        assert term.source


@given(models, asked, gpus, st.floats(1.01, 3))
@settings(max_examples=60, deadline=None)
def test_a_larger_gpu_never_holds_less(config, asked_for, gpu, factor):
    larger = replace(gpu, total_bytes=round(gpu.total_bytes * factor))
    small, big = fit(config, asked_for, gpu), fit(config, asked_for, larger)
    assert big.kv_cache.blocks >= small.kv_cache.blocks
