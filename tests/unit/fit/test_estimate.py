"""Verdicts, terms, engine errors and fixes of the estimate."""

import pytest

from llmplat.domain.errors import InputError
from llmplat.domain.units import GIB
from llmplat.fit.calibrate import calibrate
from llmplat.fit.estimate import estimate
from llmplat.fit.inputs import AUTO, Checkpoint, EngineSettings, Gpu, Measured, StoredTensor
from llmplat.fit.result import Verdict
from tests.fakes.fit_models import EACH_KIND, FAMILIES, H100, L4, dense, latent

OLD = EngineSettings(vllm_version="0.19.0", max_model_len=8192, gpu_memory_utilization=0.95)


def fit(config=None, settings=OLD, gpu=H100, **more):
    return estimate(config or dense(), settings, gpu, families=FAMILIES, **more)


def test_a_recorded_start_up_is_met_term_by_term():
    """Llama 3.1 8B on one H100 with vLLM 0.19 (llm-d-planner's sweep): all terms within 0.03 GiB."""
    m = fit().memory
    logged = {"weights": 14.99, "torch_peak": 1.89, "non_torch": 0.25, "kv_cache": 58.11}
    for name, gib in logged.items():
        assert getattr(m, name).bytes / GIB == pytest.approx(gib, abs=0.03), name
    assert m.cuda_graphs.bytes / GIB == pytest.approx(0.91, abs=0.05)
    assert not m.are_graphs_in_budget


def test_published_tokens_follow_from_the_logged_cache():
    """DeepSeek V2 Lite: 43.61 GiB held 1,505,552 tokens (same sweep)."""
    settings = EngineSettings(
        vllm_version="0.19.0", max_model_len=8192, kv_cache_memory_bytes=round(43.61 * GIB)
    )
    answer = fit(latent(num_hidden_layers=27), settings)
    assert answer.kv_cache.tokens == pytest.approx(1_505_552, rel=0.0005)


@pytest.mark.parametrize("kind", EACH_KIND)
def test_every_kind_of_attention_gets_an_answer(kind):
    answer = fit(EACH_KIND[kind](), EngineSettings(max_model_len=8192))
    assert answer.verdict is Verdict.FITS
    assert answer.kv_cache.tokens > 8192
    assert answer.is_architecture_known
    assert all(step.source for step in answer.steps)


def test_defaults_are_said():
    answer = fit(settings=EngineSettings())
    assert answer.assumed["max_num_seqs"] == 1024
    assert answer.assumed["max_num_batched_tokens"] == 8192
    assert answer.assumed["gpu_memory_utilization"] == 0.92
    assert "max_num_seqs" not in fit(settings=EngineSettings(max_num_seqs=7)).assumed


def test_small_gpus_have_smaller_defaults():
    assert fit(gpu=L4, settings=EngineSettings(max_model_len=4096)).settings.max_num_seqs == 256


def test_weights_that_are_too_much_are_said_with_the_engines_words():
    answer = fit(dense(num_hidden_layers=200))
    assert answer.verdict is Verdict.DOES_NOT_FIT
    assert answer.vllm_error is not None
    assert answer.vllm_error.startswith("No available memory for the cache blocks.")
    assert answer.short_bytes > 0


def test_a_context_that_is_too_long_says_what_fits():
    settings = EngineSettings(vllm_version="0.19.0", max_model_len=131072)
    answer = fit(gpu=L4, settings=settings)
    assert answer.verdict is Verdict.DOES_NOT_FIT
    assert answer.vllm_error is not None
    assert "To serve at least one request" in answer.vllm_error
    longest = answer.kv_cache.max_model_len_that_fits
    assert 0 < longest < 131072
    assert str(longest) in answer.vllm_error


def test_fixes_really_fix():
    answer = fit(gpu=L4, settings=EngineSettings(max_model_len=131072), larger_gpus=(H100,))
    flags = [fix.flag for fix in answer.fixes]
    assert any(flag and flag.startswith("--max-model-len") for flag in flags)
    assert any(fix.gpu == "h100-80gb" for fix in answer.fixes)
    shorter = next(int(f.split()[1]) for f in flags if f and f.startswith("--max-model-len"))
    assert fit(gpu=L4, settings=EngineSettings(max_model_len=shorter)).verdict is Verdict.FITS


def test_auto_takes_the_longest_context():
    answer = fit(gpu=L4, settings=EngineSettings(max_model_len=AUTO))
    assert answer.verdict is not Verdict.DOES_NOT_FIT
    assert answer.settings.max_model_len == answer.kv_cache.max_model_len_that_fits


@pytest.mark.parametrize(("tp", "word"), [(3, "heads"), (5, "heads"), (64, "heads")])
def test_splits_that_do_not_divide_are_refused(tp, word):
    answer = fit(settings=EngineSettings(tensor_parallel=tp))
    assert answer.verdict is Verdict.DOES_NOT_FIT
    assert word in answer.reasons[0]
    assert answer.vllm_error


def test_the_padded_vocabulary_must_divide_too():
    """Qwen3 14B with five ranks was refused for its vocabulary of 151,936."""
    answer = fit(
        dense(num_attention_heads=40, vocab_size=151936), EngineSettings(tensor_parallel=5)
    )
    assert answer.verdict is Verdict.DOES_NOT_FIT


def test_memory_of_other_processes_counts():
    gpu = Gpu("h100", H100.total_bytes, compute_capability=(9, 0), free_bytes=40 * GIB)
    answer = fit(gpu=gpu)
    assert answer.verdict is Verdict.DOES_NOT_FIT
    assert answer.vllm_error is not None
    assert answer.vllm_error.startswith("Free memory on device")


def test_an_unknown_architecture_is_never_certain():
    answer = fit(dense(model_type="brand_new"))
    assert not answer.is_architecture_known
    assert answer.verdict is Verdict.TIGHT
    known = fit().memory.kv_cache
    unknown = answer.memory.kv_cache
    assert unknown.p90 - unknown.p10 > known.p90 - known.p10


@pytest.mark.parametrize("changes", [
    {"hidden_size": None}, {"num_hidden_layers": "32"}, {"vocab_size": -1}, {"num_attention_heads": 2.5},
    {"num_key_value_heads": 2**50},
])  # fmt: skip
def test_absurd_numbers_are_refused_by_name(changes):
    with pytest.raises(InputError) as caught:
        fit(dense(**changes))
    assert next(iter(changes)) in f"{caught.value.what} {caught.value.why}"


@pytest.mark.parametrize("settings", [
    EngineSettings(tensor_parallel=0), EngineSettings(max_num_seqs=-1),
    EngineSettings(gpu_memory_utilization=1.5), EngineSettings(max_model_len=0),
])  # fmt: skip
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(InputError):
        fit(settings=settings)


def test_measured_terms_replace_estimates():
    answer = fit(measured=Measured(weights_bytes=20 * GIB))
    assert answer.memory.weights.bytes == 20 * GIB
    assert not answer.memory.weights.is_estimate


def test_a_calibration_keeps_its_residual_at_other_settings():
    logged = Measured(torch_peak_bytes=fit().memory.torch_peak.bytes + GIB)
    calibration = calibrate(dense(), OLD, H100, logged, families=FAMILIES)
    fewer = EngineSettings(vllm_version="0.19.0", max_model_len=8192, max_num_seqs=64)
    plain, carried = fit(settings=fewer), fit(settings=fewer, calibration=calibration)
    assert carried.memory.torch_peak.bytes - plain.memory.torch_peak.bytes == GIB


def test_the_sampler_changed_with_0_17():
    """Qwen3 14B, 1024 sequences: 5.64 GiB at 0.16, 2.23 at 0.17 (recorded)."""
    config = dense(model_type="qwen3", hidden_size=5120, num_hidden_layers=40, num_attention_heads=40,
                   intermediate_size=17408, vocab_size=151936, head_dim=128)  # fmt: skip
    peaks = [fit(config, EngineSettings(vllm_version=v, max_model_len=8192)).memory.torch_peak.bytes / GIB
             for v in ("0.16.0", "0.17.0")]  # fmt: skip
    assert peaks[0] == pytest.approx(5.64, abs=0.1)
    assert peaks[1] == pytest.approx(2.23, abs=0.02)


def test_the_last_stage_binds_in_a_pipeline():
    """Llama 3.1 8B in four stages: 141,079 blocks of the last stage (recorded)."""
    answer = fit(settings=EngineSettings(
        vllm_version="0.19.0", pipeline_parallel=4, max_model_len=8192, gpu_memory_utilization=0.95))  # fmt: skip
    assert "last" in answer.binding_rank
    assert answer.kv_cache.blocks == pytest.approx(141_079, rel=0.01)


def test_stored_tensors_make_weights_exact():
    tensors = (
        StoredTensor("model.embed_tokens.weight", "BF16", (128256, 4096)),
        StoredTensor("lm_head.weight", "BF16", (128256, 4096)),
        *(
            StoredTensor(f"model.layers.{i}.mlp.up_proj.weight", "BF16", (14336, 4096))
            for i in range(32)
        ),
        StoredTensor("model.layers.32.mlp.up_proj.weight", "BF16", (14336, 4096)),
    )
    one = fit(checkpoint=Checkpoint(tensors)).memory.weights
    stored = 2 * (2 * 128256 * 4096 + 32 * 14336 * 4096)
    rotary = 131072 * 128 * 2
    assert one.bytes == stored + rotary, "the 33rd layer is not loaded"
    two = fit(
        settings=EngineSettings(vllm_version="0.19.0", tensor_parallel=2),
        checkpoint=Checkpoint(tensors),
    )
    assert two.memory.weights.bytes == stored / 2 + rotary


def test_an_index_gives_the_sum():
    answer = fit(checkpoint=Checkpoint(total_bytes=16_060_522_496))
    assert answer.memory.weights.bytes == pytest.approx(16_060_522_496, rel=0.005)


def test_captures_of_1024_requests_are_tight_where_one_ran_out_of_memory():
    """gpt-oss-20b at utilisation 0.95 with vLLM 0.19 failed after sizing (recorded), 0.90 worked with TP 2."""
    config = dense(model_type="gpt_oss", hidden_size=2880, num_hidden_layers=24, num_attention_heads=64, head_dim=64,
                   intermediate_size=2880, vocab_size=201088, num_local_experts=32, num_experts_per_tok=4,
                   sliding_window=128, layer_types=["sliding_attention", "full_attention"] * 12,
                   quantization_config={"quant_method": "mxfp4"})  # fmt: skip
    assert fit(config).verdict is Verdict.TIGHT
    two = EngineSettings(
        vllm_version="0.19.0", max_model_len=8192, gpu_memory_utilization=0.9, tensor_parallel=2
    )
    assert fit(config, two).verdict is Verdict.FITS
