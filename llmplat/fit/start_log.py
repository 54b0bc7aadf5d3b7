"""The log of one vLLM start-up -> the settings it ran with and the memory it measured.

Line formats are those of vLLM's `v1/worker/gpu_worker.py`, `utils/mem_utils.py`,
`v1/worker/gpu_model_runner.py` and `config/vllm.py` from 0.6 to 0.33.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from llmplat.domain.errors import InputError
from llmplat.domain.units import GIB, parse_whole

_N = r"([\d.]+) ?"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ENGINE = re.compile(r"Initializing an? (?:V1 )?LLM engine \(v?([^)\s]+)\) with config: (.*)")
_PROFILE = re.compile(
    rf"Total non KV cache memory: {_N}GiB; torch peak memory increase: {_N}GiB; "
    rf"(non-torch forward increase memory|total consumed \(from mem_get_info\)): {_N}GiB; "
    rf"weights memory: {_N}GiB"
)
_SUMMARY = re.compile(
    rf"Free memory on device[^(]*\({_N}/{_N}GiB\) on startup\. "
    rf"Desired GPU memory utilization is \({_N}, {_N}GiB\)\. Actual usage is {_N}GiB for "
    rf"(weight|consumed memory)[^,]*, {_N}GiB for peak activation, "
    rf"(?:{_N}GiB for non-torch memory, )?and {_N}GiB for CUDAGraph memory"
)
_V0 = re.compile(
    rf"total_gpu_memory \({_N}GiB\) x gpu_memory_utilization \({_N}\) = {_N}GiB[\s\S]{{0,200}}?"
    rf"model weights take {_N}GiB; non_torch_memory takes {_N}GiB; PyTorch activation peak "
    rf"memory takes {_N}GiB; the rest of the memory reserved for KV Cache is {_N}GiB"
)
_REQUEST = re.compile(rf"Initial free memory: {_N}GiB; Requested memory: {_N}\(util\), {_N}GiB")
_WEIGHTS = re.compile(rf"Model loading took {_N}GiB")
_KV = re.compile(rf"Available KV cache memory: {_N}GiB")
_TOKENS = re.compile(r"KV cache size: ([\d,]+) tokens")
_GRAPHS_TOOK = re.compile(rf"Graph capturing finished in \d+ secs?, took {_N}GiB")
_GRAPHS_ESTIMATED = re.compile(rf"Estimated CUDA graph memory: {_N}GiB")
_GRAPH_POOL = re.compile(rf"CUDA graph pool memory: {_N}GiB \(actual\), {_N}GiB \(estimated\)")
_BATCHED = re.compile(r"max_num_batched_tokens['\"]?[=:] ?(\d+)")
_SEQS = re.compile(r"max_num_seqs['\"]?[=:] ?(\d+)")
_UTILISATION = re.compile(r"gpu_memory_utilization['\"]?[=:] ?([\d.]+)")


@dataclass(frozen=True)
class StartLog:
    """What one start-up said; None where it did not. Bytes of the GPU with the least room."""

    version: str | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    dtype: str | None = None
    quantization: str | None = None
    kv_cache_dtype: str | None = None
    enforce_eager: bool | None = None
    gpu_memory_utilization: float | None = None
    total_bytes: int | None = None
    requested_bytes: int | None = None
    weights_bytes: int | None = None
    torch_peak_bytes: int | None = None
    non_torch_bytes: int | None = None
    graphs_actual_bytes: int | None = None
    """Taken by the capture itself."""
    graphs_estimated_bytes: int | None = None
    """Taken out of the budget before the capture."""
    kv_cache_bytes: int | None = None
    kv_tokens: int | None = None


def parse_start_log(text: str, name: str) -> StartLog:
    """What the log `text` says; `name` is the file's, for messages.

    Raises:
        InputError: it says neither what the weights took nor what was left for the KV cache.
    """
    text = _COLOURS.sub("", text)
    flat = re.sub(r"\s*\n\s+", " ", text)
    said: dict[str, int | float | str | bool | None] = {}
    for read in (_engine, _flags, _v0, _profile, _summary, _single):
        said |= {key: value for key, value in read(flat).items() if value is not None}
    log = StartLog(**said)  # type: ignore[arg-type]  # the readers below name its own fields
    if log.weights_bytes is None or (log.kv_cache_bytes is None and log.torch_peak_bytes is None):
        raise _not_a_log(name, log)
    return log


Said = dict[str, int | float | str | bool | None]


def _engine(text: str) -> Said:
    match = _ENGINE.search(text)
    if match is None:
        return {}
    line = match.group(2)

    def of(key: str) -> str | None:
        found = re.search(rf"\b{key}=([^,\s)]+)", line)
        value = found.group(1).strip("'\"") if found else None
        return None if value in {None, "None"} else value

    lengths = {
        "tensor_parallel": "tensor_parallel_size",
        "pipeline_parallel": "pipeline_parallel_size",
        "max_model_len": "max_seq_len",
    }
    numbers: Said = {name: _whole(of(key)) for name, key in lengths.items()}
    dtype, eager = of("dtype"), of("enforce_eager")
    return {
        **numbers,
        "version": match.group(1),
        "dtype": dtype.removeprefix("torch.") if dtype else None,
        "quantization": of("quantization"),
        "kv_cache_dtype": of("kv_cache_dtype"),
        "enforce_eager": eager == "True" if eager else None,
    }


def _flags(text: str) -> Said:
    return {
        "max_num_batched_tokens": _whole(_first(_BATCHED, text)),
        "max_num_seqs": _whole(_first(_SEQS, text)),
        "gpu_memory_utilization": _number(_first(_UTILISATION, text)),
    }


def _v0(text: str) -> Said:
    match = _V0.search(text)
    if match is None:
        return {}
    total, share, asked, weights, non_torch, peak, rest = match.groups()
    return {
        "total_bytes": _bytes(total),
        "gpu_memory_utilization": float(share),
        "requested_bytes": _bytes(asked),
        "weights_bytes": _bytes(weights),
        "non_torch_bytes": _bytes(non_torch),
        "torch_peak_bytes": _bytes(peak),
        "kv_cache_bytes": _bytes(rest),
    }


def _profile(text: str) -> Said:
    found = _PROFILE.findall(text)
    if not found:
        return {}
    rank = max(found, key=lambda one: float(one[0]))
    whole, peak, kind, other, weights = rank
    non_torch = float(other)
    if kind.startswith("total consumed"):
        non_torch = max(0.0, non_torch - float(weights))
        # What torch holds at its peak beside the weights, less what the consumed sum has of it.
        peak = str(float(whole) - float(other))
    return {
        "torch_peak_bytes": _bytes(peak),
        "non_torch_bytes": round(non_torch * GIB),
        "weights_bytes": _bytes(weights),
    }


def _summary(text: str) -> Said:
    found = _SUMMARY.findall(text)
    if not found:
        return {}
    rank = max(found, key=lambda one: float(one[4]) + float(one[6]))
    _, total, share, asked, held, kind, peak, non_torch, graphs = rank
    said: Said = {
        "total_bytes": _bytes(total),
        "gpu_memory_utilization": float(share),
        "requested_bytes": _bytes(asked),
        "graphs_actual_bytes": _bytes(graphs),
    }
    if kind == "weight":
        said |= {"weights_bytes": _bytes(held), "torch_peak_bytes": _bytes(peak)}
        said["non_torch_bytes"] = _bytes(non_torch) if non_torch else None
        return said
    # Newer versions: weights and non-torch in one sum; the peak has the graphs' estimate in it.
    weights = _most(_WEIGHTS, text)
    if weights is not None:
        said["non_torch_bytes"] = max(0, round((float(held) - weights) * GIB))
    said["torch_peak_bytes"] = max(0, round((float(peak) - _estimated(text)) * GIB))
    return said


def _single(text: str) -> Said:
    request = _REQUEST.search(text)
    tokens = [int(value.replace(",", "")) for value in _TOKENS.findall(text)]
    estimated = _estimated(text)
    return {
        "weights_bytes": _gib(_most(_WEIGHTS, text)),
        "kv_cache_bytes": _gib(_least(_KV, text)),
        "kv_tokens": min(tokens) if tokens else None,
        "graphs_actual_bytes": _gib(_most(_GRAPHS_TOOK, text)),
        "graphs_estimated_bytes": round(estimated * GIB) if estimated else None,
        "requested_bytes": _bytes(request.group(3)) if request else None,
        "gpu_memory_utilization": float(request.group(2)) if request else None,
    }


def _estimated(text: str) -> float:
    pool = [float(pair[1]) for pair in _GRAPH_POOL.findall(text)]
    return max([*pool, _most(_GRAPHS_ESTIMATED, text) or 0.0])


def _most(pattern: re.Pattern[str], text: str) -> float | None:
    return _of_all(max, pattern, text)


def _least(pattern: re.Pattern[str], text: str) -> float | None:
    return _of_all(min, pattern, text)


def _of_all(
    choose: Callable[[Iterable[float]], float], pattern: re.Pattern[str], text: str
) -> float | None:
    found = [float(value) for value in pattern.findall(text)]
    return choose(found) if found else None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(1) if match else None


def _whole(text: str | None) -> int | None:
    return parse_whole(text) if text is not None else None


def _number(text: str | None) -> float | None:
    return float(text) if text is not None else None


def _bytes(gib: str) -> int:
    return round(float(gib) * GIB)


def _gib(gib: float | None) -> int | None:
    return None if gib is None else round(gib * GIB)


def _not_a_log(name: str, log: StartLog) -> InputError:
    lacks = []
    if log.weights_bytes is None:
        lacks.append('"Model loading took ... GiB"')
    if log.kv_cache_bytes is None and log.torch_peak_bytes is None:
        lacks.append('"Available KV cache memory: ... GiB"')
    return InputError(
        f"{name} is not the log of a vLLM start-up that got as far as the KV cache.",
        why=f"it lacks the line {' and the line '.join(lacks)}",
        fix=("give the whole output of one `vllm serve`; VLLM_LOGGING_LEVEL=DEBUG says more",),
    )
