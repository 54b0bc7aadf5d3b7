"""Turns what a lock pins into lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmplat.apply.lock import LockReport
from llmplat.domain.units import format_size
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _human(report: LockReport, theme: Theme) -> Iterator[str]:
    yield from columns([[*map(str, record)] for record in _records(report)])
    state = ("waiting" if report.is_check else "ok") if report.is_changed else "ok"
    yield theme.state(state, f"{report.file}: {_outcome(report)}")


def _plain(report: LockReport) -> Iterator[Sequence[object]]:
    yield from _records(report)
    yield "file", report.file, _outcome(report)


def _records(report: LockReport) -> Iterator[Sequence[object]]:
    for model in report.models:
        size = format_size(model.weights_bytes)
        yield "model", model.name, model.source, model.revision, size, model.digest
    for runtime in report.runtimes:
        yield "runtime", runtime.name, runtime.version, f"lock sha256:{runtime.lock_sha256[:12]}"
    for chart in report.lock.charts:
        yield "chart", chart.name, chart.version, chart.digest
    for image in report.lock.images:
        yield "image", image.reference, image.digest


def _outcome(report: LockReport) -> str:
    if not report.is_changed:
        return "unchanged"
    return "would change" if report.is_check else "written"


def _document(report: LockReport) -> Mapping[str, Any]:
    return {
        "file": report.file,
        "isChanged": report.is_changed,
        "isCheck": report.is_check,
        "lock": report.lock.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


LOCK: View[LockReport] = View("Lock", _human, _plain, _document)
