"""How gpu-fit's answer for several models is told."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmplat.domain.errors import Finding
from llmplat.domain.units import format_size
from llmplat.output import fit_view
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns
from llmplat.plan.gpu_fit import FleetFit, GpuFit


def _human(fleet: FleetFit, theme: Theme) -> Iterator[str]:
    yield from columns([_row(fit, theme) for fit in fleet.fits])
    for fit in fleet.fits:
        told = [*fit.result.reasons, *(f"fix: {fix}" for fix in fit.result.fixes[:1])]
        if told and fit_view.STATES[fit.result.verdict] != "ok":
            yield f"{fit.model.name}:"
            yield from (f"  {line}" for line in told)


def _row(fit: GpuFit, theme: Theme) -> list[str]:
    result, settings = fit.result, fit.result.settings
    gpus = settings.tensor_parallel * settings.pipeline_parallel
    return [
        theme.state(fit_view.STATES[result.verdict], result.verdict.value),
        fit.model.name,
        f"{gpus} x {fit.gpu.name}",
        f"weights {format_size(result.memory.weights.bytes)}",
        f"{result.kv_cache.tokens:,} KV tokens",
        f"{result.kv_cache.max_concurrency:.1f} at once",
    ]


def _plain(fleet: FleetFit) -> Iterator[Sequence[object]]:
    for fit in fleet.fits:
        result = fit.result
        yield (
            result.verdict.value,
            fit.model.name,
            fit.gpu.name,
            result.memory.weights.bytes,
            result.kv_cache.tokens,
            "; ".join(result.reasons),
            "; ".join(map(str, result.fixes)),
        )


def _document(fleet: FleetFit) -> Mapping[str, Any]:
    return {
        "verdict": fleet.verdict,
        "models": [fit_view.document(fit) for fit in fleet.fits],
    }


def _findings(fleet: FleetFit) -> Iterator[Finding]:
    for fit in fleet.fits:
        yield from fit_view.findings(fit)


FLEET: View[FleetFit] = View("FleetFit", _human, _plain, _document, _findings)
