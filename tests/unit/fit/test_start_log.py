"""Start-up logs of several vLLM versions: the lines they print, the figures that follow.

The V1 figures are those of the llm-d-planner campaign (v0.19.0, CodeLlama-7b on an H100) and of
public start-ups; the line formats are vLLM's own.
"""

import pytest

from llmplat.domain.errors import InputError
from llmplat.domain.units import GIB
from llmplat.fit.start_log import parse_start_log

V19 = """\
(APIServer pid=1) INFO 04-01 10:00:00 [utils.py:233] non-default args: {'model': 'm', 'max_model_len': 8192, 'max_num_seqs': 1024, 'gpu_memory_utilization': 0.95}
(APIServer pid=1) INFO 04-01 10:00:01 [scheduler.py:226] Chunked prefill is enabled with max_num_batched_tokens=8192.
(EngineCore pid=9) INFO 04-01 10:00:02 [core.py:58] Initializing a V1 LLM engine (v0.19.0) with config: model='codellama/CodeLlama-7b-hf', speculative_config=None, dtype=torch.bfloat16, max_seq_len=8192, download_dir=None, tensor_parallel_size=1, pipeline_parallel_size=1, data_parallel_size=1, quantization=None, enforce_eager=False, kv_cache_dtype=auto, device_config=cuda
(EngineCore pid=9) INFO 04-01 10:00:20 [gpu_model_runner.py:3549] Model loading took 12.56 GiB memory and 14.429680 seconds
(EngineCore pid=9) DEBUG 04-01 10:00:40 [gpu_worker.py:290] Initial free memory: 78.68 GiB; Requested memory: 0.950000 (util), 75.23 GiB
(EngineCore pid=9) DEBUG 04-01 10:00:40 [gpu_worker.py:299] Memory profiling takes 17.96 seconds. Total non KV cache memory: 13.57GiB; torch peak memory increase: 0.77GiB; non-torch forward increase memory: 0.25GiB; weights memory: 12.56GiB.
(EngineCore pid=9) INFO 04-01 10:00:40 [gpu_worker.py:298] Available KV cache memory: 61.66 GiB
(EngineCore pid=9) INFO 04-01 10:00:40 [kv_cache_utils.py:864] GPU KV cache size: 126,256 tokens
(EngineCore pid=9) INFO 04-01 10:00:40 [kv_cache_utils.py:868] Maximum concurrency for 8,192 tokens per request: 15.41x
(EngineCore pid=9) INFO 04-01 10:01:00 [gpu_model_runner.py:3600] Graph capturing finished in 9 secs, took 0.89 GiB
"""

V33 = """\
INFO [model_runner.py:422] Model loading took 38.24 GiB memory and 226.512052 seconds
INFO [gpu_worker.py:637] Available KV cache memory: 81.79 GiB
INFO [kv_cache_utils.py:2315] GPU KV cache size: 7,228,559 tokens, Maximum concurrency for 131,072 tokens per request: 55.15x
INFO [gpu_worker.py:844] CUDA graph pool memory: 1.2 GiB (actual), 1.0 GiB (estimated), difference: 0.2 GiB (16.7%).
INFO [gpu_worker.py:876] Free memory on device (137.64/139.8 GiB) on startup. Desired GPU memory utilization is (0.9, 125.82 GiB). Actual usage is 39.98 GiB for consumed memory (weights + non-torch), 4.04 GiB for peak activation, and 1.2 GiB for CUDAGraph memory. Replace gpu_memory_utilization config with `--kv-cache-memory=1` (1 GiB) to fit into requested memory. Current kv cache memory in use is 81.79 GiB.
"""

V11 = """\
Model loading took 42.46 GiB and 86.440550 seconds
Available KV cache memory: 50.57 GiB
Free memory on device (94.1/95.1 GiB) on startup. Desired GPU memory utilization is (0.9, 85.59 GiB). Actual usage is 42.46 GiB for weight, 1.84 GiB for peak activation, 2.43 GiB for non-torch memory, and 0.0 GiB for CUDAGraph memory. Current kv cache memory in use is 50.57 GiB.
"""

V0 = """\
INFO worker.py:267] the current vLLM instance can use total_gpu_memory (79.10GiB) x gpu_memory_utilization (0.90) = 71.19GiB
INFO worker.py:267] model weights take 14.99GiB; non_torch_memory takes 0.05GiB; PyTorch activation peak memory takes 1.19GiB; the rest of the memory reserved for KV Cache is 54.96GiB.
"""


def gib(size_bytes: int | None) -> float | None:
    return None if size_bytes is None else round(size_bytes / GIB, 2)


def test_a_debug_log_of_0_19_gives_settings_and_every_term() -> None:
    log = parse_start_log(V19, "serve.log")
    assert (log.version, log.tensor_parallel, log.max_model_len) == ("0.19.0", 1, 8192)
    assert (log.max_num_seqs, log.max_num_batched_tokens) == (1024, 8192)
    assert (log.dtype, log.kv_cache_dtype, log.quantization) == ("bfloat16", "auto", None)
    assert (log.gpu_memory_utilization, log.enforce_eager) == (0.95, False)
    assert gib(log.requested_bytes) == 75.23
    terms = (log.weights_bytes, log.torch_peak_bytes, log.non_torch_bytes, log.kv_cache_bytes)
    assert [gib(term) for term in terms] == [12.56, 0.77, 0.25, 61.66]
    assert gib(log.graphs_actual_bytes) == 0.89
    assert log.kv_tokens == 126_256


def test_a_log_of_0_33_has_its_sums_taken_apart() -> None:
    log = parse_start_log(V33, "serve.log")
    assert gib(log.total_bytes) == 139.8
    assert gib(log.non_torch_bytes) == round(39.98 - 38.24, 2)
    assert gib(log.torch_peak_bytes) == round(4.04 - 1.0, 2)
    assert (gib(log.graphs_actual_bytes), gib(log.graphs_estimated_bytes)) == (1.2, 1.0)


def test_a_summary_with_separate_terms() -> None:
    log = parse_start_log(V11, "serve.log")
    terms = (log.weights_bytes, log.torch_peak_bytes, log.non_torch_bytes)
    assert [gib(term) for term in terms] == [42.46, 1.84, 2.43]


def test_the_first_engine_s_log() -> None:
    log = parse_start_log(V0, "serve.log")
    terms = (log.weights_bytes, log.torch_peak_bytes, log.non_torch_bytes, log.kv_cache_bytes)
    assert [gib(term) for term in terms] == [14.99, 1.19, 0.05, 54.96]
    assert gib(log.total_bytes) == 79.10


def test_the_gpu_with_the_least_room_counts() -> None:
    two = V11 + V11.replace("42.46", "43.46").replace("50.57", "49.57")
    log = parse_start_log(two, "serve.log")
    assert (gib(log.weights_bytes), gib(log.kv_cache_bytes)) == (43.46, 49.57)


def test_lines_wrapped_and_coloured_by_a_terminal_are_read() -> None:
    wrapped = V33.replace("Actual usage is", "\n    Actual usage is")
    coloured = wrapped.replace("INFO", "\x1b[32mINFO\x1b[0m")
    assert parse_start_log(coloured, "x") == parse_start_log(V33, "x")


@pytest.mark.parametrize("text", ["", "hello", "Model loading took 1.0 GiB and 2 seconds"])
def test_another_text_is_refused_with_what_it_lacks(text: str) -> None:
    with pytest.raises(InputError, match="not the log of a vLLM start-up") as caught:
        parse_start_log(text, "notes.txt")
    assert "Available KV cache memory" in str(caught.value.why)
