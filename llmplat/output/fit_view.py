"""How gpu-fit's answer for one GPU is told: a memory bar, its terms, what was assumed, the way out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmplat.domain.errors import Finding, Severity
from llmplat.domain.units import GIB, format_size
from llmplat.fit.result import FitResult, Memory, Term, Verdict
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns
from llmplat.plan.gpu_fit import GpuFit

STATES = {Verdict.FITS: "ok", Verdict.TIGHT: "warning", Verdict.DOES_NOT_FIT: "failed"}
_BAR_CELLS = 60
_TERMS = (
    ("weights", "W", "cyan"),
    ("torch_peak", "P", "yellow"),
    ("non_torch", "N", "red"),
    ("cuda_graphs", "G", "dim"),
    ("kv_cache", "K", "green"),
)
"""Name in the report, letter in the bar, colour."""
_TITLES = {
    "weights": "weights",
    "torch_peak": "activations, sampler, workspaces (peak)",
    "non_torch": "NCCL, cuBLAS, kernels",
    "cuda_graphs": "CUDA graphs",
    "kv_cache": "KV cache",
}


def findings(fit: GpuFit) -> Iterator[Finding]:
    """What stops the model, or may; nothing where it fits."""
    result = fit.result
    if result.verdict is Verdict.FITS:
        return
    fits_not = result.verdict is Verdict.DOES_NOT_FIT
    word = "does not fit" if fits_not else "is tight on"
    yield Finding(
        "fit-impossible" if fits_not else "fit-tight",
        f"{fit.model.name} {word} {fit.gpu.name}.",
        why=" ".join(result.reasons) or None,
        fix=tuple(str(fix) for fix in result.fixes),
        where=fit.where,
        severity=Severity.ERROR if fits_not else Severity.WARNING,
    )


def human(fit: GpuFit, theme: Theme) -> Iterator[str]:
    """The answer without formulas."""
    result = fit.result
    yield heading(fit, theme)
    yield f"  {theme.dim('from')} {fit.model.origin}"
    yield from _bar(result.memory, theme)
    yield from (f"  {line}" for line in columns(_term_rows(result.memory, theme)))
    yield f"  {_kv_line(result)}"
    if result.assumed:
        told = ", ".join(f"{name} {value}" for name, value in result.assumed.items())
        yield f"  {theme.dim('assumed:')} {told}"
    yield from _advice(fit, theme)


def explained(fit: GpuFit, theme: Theme) -> Iterator[str]:
    """The answer, then every formula with its figures and source."""
    yield from human(fit, theme)
    yield ""
    yield theme.title("how")
    for step in fit.result.steps:
        yield f"  {step.name} = {step.value}"
        yield f"      {step.formula}"
        yield f"      {theme.dim(f'source: {step.source}')}"


def heading(fit: GpuFit, theme: Theme) -> str:
    """Verdict, model, GPU and engine in one line."""
    result, settings = fit.result, fit.result.settings
    state = theme.state(STATES[result.verdict], result.verdict.value.replace("-", " "))
    count = settings.tensor_parallel * settings.pipeline_parallel
    split = f" (TP {settings.tensor_parallel}, PP {settings.pipeline_parallel})"
    return (
        f"{state}  {theme.title(fit.model.name)} on {count} x {fit.gpu.name}"
        f"{split if count > 1 else ''}, vLLM {settings.vllm_version}"
    )


def document(fit: GpuFit) -> Mapping[str, Any]:
    """The fields scripts read, in bytes per GPU; names are stable."""
    result, memory, kv = fit.result, fit.result.memory, fit.result.kv_cache
    terms = {name: getattr(memory, name) for name, _, _ in _TERMS}
    sizes = {f"{name}_bytes": term.bytes for name, term in terms.items()}
    return {
        "model": fit.model.name,
        "origin": fit.model.origin,
        "revision": fit.model.revision,
        "gpu": fit.gpu.name,
        "verdict": result.verdict,
        "per_gpu": {
            "total_bytes": memory.total_bytes,
            "requested_bytes": memory.requested_bytes,
            **sizes,
        },
        "intervals": {
            f"{name}_bytes": {"p10": term.p10, "p90": term.p90}
            for name, term in terms.items()
            if term.is_estimate
        },
        "kv_cache": {
            "tokens": kv.tokens,
            "blocks": kv.blocks,
            "block_size": kv.block_size,
            "bytes_per_token": kv.bytes_per_token,
            "max_concurrency": kv.max_concurrency,
            "max_model_len_that_fits": kv.max_model_len_that_fits,
            "needed_bytes": kv.needed_bytes,
        },
        "assumed": dict(result.assumed),
        "reasons": list(result.reasons),
        "fixes": [str(fix) for fix in result.fixes],
        "vllm_error": result.vllm_error,
        "short_bytes": result.short_bytes,
        "binding_rank": result.binding_rank,
        "cuda_graphs_in_budget": memory.are_graphs_in_budget,
        "before_snapshot_bytes": memory.before_snapshot.bytes,
        "settings": _settings(result),
        "warnings": [*fit.model.notes, *fit.warnings, *result.warnings],
        "explain": [
            {"name": s.name, "value": s.value, "formula": s.formula, "source": s.source}
            for s in result.steps
        ],
    }


def plain(fit: GpuFit) -> Iterator[Sequence[object]]:
    """One record a figure: bytes, with p10 and p90 where it is an estimate."""
    result, memory, kv = fit.result, fit.result.memory, fit.result.kv_cache
    yield "verdict", result.verdict.value, fit.model.name, fit.gpu.name
    yield "total_bytes", memory.total_bytes
    yield "requested_bytes", memory.requested_bytes
    for name, _, _ in _TERMS:
        term: Term = getattr(memory, name)
        yield (
            f"{name}_bytes",
            term.bytes,
            *((term.p10, term.p90) if term.is_estimate else ()),
        )
    yield "kv_tokens", kv.tokens
    yield "kv_blocks", kv.blocks, kv.block_size
    yield "max_concurrency", f"{kv.max_concurrency:.2f}"
    yield "max_model_len_that_fits", kv.max_model_len_that_fits
    yield from (("assumed", name, value) for name, value in result.assumed.items())
    yield from (("reason", reason) for reason in result.reasons)
    yield from (("fix", str(fix)) for fix in result.fixes)
    if result.vllm_error is not None:
        yield "vllm_error", result.vllm_error


def _bar(memory: Memory, theme: Theme) -> Iterator[str]:
    total = max(memory.total_bytes, 1)
    cells = ""
    used = 0
    for name, letter, colour in _TERMS:
        if name == "cuda_graphs" and not memory.are_graphs_in_budget:
            continue
        used += max(getattr(memory, name).bytes, 0)
        end = min(round(used / total * _BAR_CELLS), _BAR_CELLS)
        cells += theme.paint(letter * max(0, end - _plain_length(cells)), colour)
    rest = "." * max(0, _BAR_CELLS - _plain_length(cells))
    share = memory.requested_bytes / total
    yield (
        f"  [{cells}{rest}] {format_size(memory.total_bytes)}, of which vLLM takes "
        f"{format_size(memory.requested_bytes)} ({share:.0%})"
    )


def _plain_length(cells: str) -> int:
    return sum(cells.count(letter) for _, letter, _ in _TERMS)


def _term_rows(memory: Memory, theme: Theme) -> list[list[str]]:
    rows = []
    for name, letter, colour in _TERMS:
        term: Term = getattr(memory, name)
        width = f"{_gib(term.p10)} to {_gib(term.p90)}" if term.is_estimate else "known"
        note = ""
        if name == "cuda_graphs" and not memory.are_graphs_in_budget:
            note = "outside what vLLM takes"
        rows.append(
            [
                theme.paint(letter, colour),
                _TITLES[name],
                f"{_gib(term.bytes)} GiB",
                theme.dim(width),
                note,
            ]
        )
    return rows


def _kv_line(result: FitResult) -> str:
    kv = result.kv_cache
    return (
        f"KV cache holds {kv.tokens:,} tokens ({kv.blocks:,} blocks of {kv.block_size}, "
        f"{kv.bytes_per_token:,} bytes each): {kv.max_concurrency:.2f} requests of "
        f"{result.settings.max_model_len:,} tokens at once; longest context "
        f"{kv.max_model_len_that_fits:,}"
    )


def _advice(fit: GpuFit, theme: Theme) -> Iterator[str]:
    result = fit.result
    for warning in (*fit.model.notes, *fit.warnings, *result.warnings):
        yield f"  {theme.dim('note:')} {warning}"
    for reason in result.reasons:
        yield f"  {theme.dim('why:')} {reason}"
    if result.vllm_error is not None:
        yield f"  {theme.dim('vLLM would say:')} {result.vllm_error}"
    for fix in result.fixes:
        yield f"  {theme.dim('fix:')} {fix}"


def _settings(result: FitResult) -> dict[str, Any]:
    names = result.settings.__dataclass_fields__
    return {name: getattr(result.settings, name) for name in names}


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.2f}"


FIT: View[GpuFit] = View("GpuFit", human, plain, document, findings)
FIT_EXPLAINED: View[GpuFit] = View("GpuFit", explained, plain, document, findings)
