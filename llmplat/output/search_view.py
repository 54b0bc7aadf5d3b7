"""How a search over the machines of the catalogue is told."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmplat.domain.units import format_size
from llmplat.fit.search import Candidate, Rejection
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns
from llmplat.plan.gpu_fit import MachineSearch

_SHOWN = 12
"""Rows for people; pipes and machines get all."""


def _human(search: MachineSearch, theme: Theme) -> Iterator[str]:
    report = search.report
    yield theme.title(f"{search.model.name}: {len(report.chosen)} machine shapes hold it")
    yield f"  {theme.dim('from')} {search.model.origin}"
    rows = [_row(candidate, theme) for candidate in report.chosen[:_SHOWN]]
    yield from (f"  {line}" for line in columns(rows))
    more = len(report.chosen) - _SHOWN
    if more > 0:
        yield theme.dim(f"  and {more} more: -o plain shows all")
    if report.chosen:
        yield f"  {theme.dim('the node of the first:')} {_node(report.chosen[0])}"
    for bottleneck, count in Counter(r.bottleneck for r in report.rejected).most_common():
        nearest = min(
            (r for r in report.rejected if r.bottleneck == bottleneck), key=lambda r: r.short_bytes
        )
        yield f"  {theme.dim('left out:')} {count} x {bottleneck}, the nearest {nearest.machine}: {nearest.reason}"
    for rejection in report.multi_node[:3]:
        yield f"  {theme.dim('several nodes:')} {rejection.machine}: {rejection.reason}"
    yield from (f"  {theme.dim('note:')} {note}" for note in (*search.model.notes, *search.notes))


def _row(candidate: Candidate, theme: Theme) -> list[str]:
    result = candidate.result
    return [
        theme.state("ok", candidate.offer.name),
        candidate.offer.region,
        f"{candidate.gpus_used} x {candidate.offer.gpu.name}",
        f"TP {candidate.tensor_parallel} PP {candidate.pipeline_parallel}",
        _price(candidate),
        f"{result.kv_cache.tokens:,} KV tokens",
        f"{result.kv_cache.max_concurrency:.1f} at once",
    ]


def _node(candidate: Candidate) -> str:
    needs = [
        f"{format_size(candidate.disk_bytes)} of disk for image and weights",
        f"{format_size(candidate.host_memory_bytes)} of main memory while loading",
    ]
    if candidate.shared_memory_bytes:
        needs.append(f"{format_size(candidate.shared_memory_bytes)} of it as /dev/shm")
    return ", ".join(needs)


def _price(candidate: Candidate) -> str:
    if candidate.usd_per_hour is None:
        return "price unknown"
    return f"${candidate.usd_per_hour:.2f}/h ({candidate.offer.price_as_of})"


def _plain(search: MachineSearch) -> Iterator[Sequence[object]]:
    for candidate in search.report.chosen:
        offer = candidate.offer
        yield (
            "fits",
            offer.name,
            offer.region,
            offer.gpu.name,
            candidate.gpus_used,
            candidate.tensor_parallel,
            candidate.pipeline_parallel,
            candidate.usd_per_hour,
            candidate.result.kv_cache.tokens,
            candidate.kv_tokens_per_usd,
        )
    for kind, rejections in _rejections(search):
        for r in rejections:
            yield kind, r.machine, r.tensor_parallel, r.pipeline_parallel, r.bottleneck, r.reason


def _rejections(search: MachineSearch) -> Iterator[tuple[str, tuple[Rejection, ...]]]:
    yield "rejected", search.report.rejected
    yield "several-nodes", search.report.multi_node


def _document(search: MachineSearch) -> Mapping[str, Any]:
    chosen = search.report.chosen
    return {
        "model": search.model.name,
        "origin": search.model.origin,
        "verdict": "fits" if chosen else "does-not-fit",
        "by": search.by,
        "region": search.region,
        "candidates": [_candidate(candidate) for candidate in chosen],
        "rejected": [_rejection(r) for r in search.report.rejected],
        "several_nodes": [_rejection(r) for r in search.report.multi_node],
        "warnings": [*search.model.notes, *search.notes],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    offer, result = candidate.offer, candidate.result
    return {
        "machine": offer.name,
        "region": offer.region,
        "gpu": offer.gpu.name,
        "gpus_used": candidate.gpus_used,
        "tensor_parallel": candidate.tensor_parallel,
        "pipeline_parallel": candidate.pipeline_parallel,
        "usd_per_hour": candidate.usd_per_hour,
        "price_as_of": offer.price_as_of,
        "price_source": offer.price_source,
        "verdict": result.verdict,
        "kv_tokens": result.kv_cache.tokens,
        "max_concurrency": result.kv_cache.max_concurrency,
        "kv_tokens_per_usd": candidate.kv_tokens_per_usd,
        "host_memory_bytes": candidate.host_memory_bytes,
        "disk_bytes": candidate.disk_bytes,
        "shared_memory_bytes": candidate.shared_memory_bytes,
    }


def _rejection(rejection: Rejection) -> dict[str, Any]:
    return {
        "machine": rejection.machine,
        "tensor_parallel": rejection.tensor_parallel,
        "pipeline_parallel": rejection.pipeline_parallel,
        "bottleneck": rejection.bottleneck,
        "reason": rejection.reason,
        "short_bytes": rejection.short_bytes,
        "short": format_size(rejection.short_bytes),
    }


SEARCH: View[MachineSearch] = View("MachineSearch", _human, _plain, _document)
