"""How spend is told: a table, records, CSV."""

import csv
import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields

from llmplat.domain.units import format_usd
from llmplat.domain.usage import RequestRecord
from llmplat.observe.cost import OPENCOST, PLAN, PROMETHEUS, CostReport, CostRow, GpuUse, ModelCost
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


@dataclass(frozen=True)
class RequestList:
    """The newest records, oldest first."""

    platform: str
    requests: tuple[RequestRecord, ...]


def _human(report: CostReport, theme: Theme) -> Iterator[str]:
    yield (
        f"{theme.title(report.platform)}: {format_usd(report.total.nanousd)} charged since "
        f"{report.since:%Y-%m-%d %H:%M} UTC, {report.total.answered} requests answered"
    )
    head = [report.by, "charged", "outside", "answered", "refused", "aborted", "failed",
            "prompt tokens", "answer tokens"]  # fmt: skip
    rows = [_cells(row) for row in (*report.rows, report.total)]
    yield from columns([[theme.title(word) for word in head], *rows])
    if report.models:
        yield ""
        head = ["model", "engine hours", "by", "GPU hours", "idle", "hardware cost",
                "per million tokens"]  # fmt: skip
        yield from columns([[theme.title(word) for word in head], *map(_model, report.models)])
    if report.gpus:
        yield ""
        head = [theme.title(word) for word in gpu_head(report)]
        yield from columns([head, *map(gpu_cells, gpus_of(report))])
    for finding in report.findings:
        yield ""
        yield f"{theme.state('warning', finding.what)} {finding.why or ''}".rstrip()
        yield from (f"  fix: {fix}" for fix in finding.fix)
    if report.refusals:
        yield ""
        yield "refused: " + ", ".join(f"{cause} {count}" for cause, count in report.refusals)


def _cells(row: CostRow) -> list[str]:
    return [
        row.name, format_usd(row.nanousd), format_usd(row.external_nanousd), str(row.answered),
        str(row.refused), str(row.aborted), str(row.failed), str(row.prompt_tokens),
        str(row.completion_tokens),
    ]  # fmt: skip


def _model(one: ModelCost) -> list[str]:
    per_million = one.nanousd_per_million_tokens
    return [
        one.model,
        f"{one.hours:.2f}",
        one.hours_from,
        f"{one.gpu_hours:.2f}",
        "-" if one.idle_share is None else f"{one.idle_share:.1%}",
        format_usd(one.hardware_nanousd),
        "-" if per_million is None else format_usd(per_million),
    ]


def gpus_by(report: CostReport) -> str:
    """What GPU hours are told by: as the rows where GPUs have such an owner, else by model."""
    return report.by if report.by in {"tenant", "namespace"} else "model"


def gpus_of(report: CostReport) -> tuple[GpuUse, ...]:
    """GPU hours to show beside the rows."""
    return tuple(use for use in report.gpus if use.by == gpus_by(report))


def gpu_head(report: CostReport) -> list[str]:
    """Above gpu_cells."""
    return [gpus_by(report), "source", "GPU hours", "GPU cost", "idle", "per million tokens"]


def gpu_cells(use: GpuUse) -> list[str]:
    """One line of a table; each line has one source."""
    price = use.nanousd_per_million_tokens
    return [
        use.name,
        use.source,
        f"{use.gpu_hours:.2f}",
        format_usd(use.nanousd),
        "-" if use.idle_share is None else f"{use.idle_share:.1%}",
        "-" if price is None else format_usd(price),
    ]


def _plain(report: CostReport) -> Iterator[Sequence[object]]:
    yield from ((report.by, *astuple(row)) for row in report.rows)
    yield "total", *astuple(report.total)[1:]
    yield from (("engine", *astuple(one)) for one in report.models)
    yield from (("gpus", *astuple(one)) for one in report.gpus)
    yield from ((one.severity.value, one.code, one.what, one.why) for one in report.findings)
    yield from (("refusals", cause, count) for cause, count in report.refusals)


def make_csv(report: CostReport) -> str:
    """The rows and their total, with a head; money in nano-dollars.

    Where a cost monitor was asked, GPU hours and cost follow, two columns a source; a name that has
    GPUs but no request has a row as well.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    gpus = gpus_of(report) if gpus_by(report) == report.by else ()
    sources = sorted({use.source for use in gpus}, key=[PLAN, PROMETHEUS, OPENCOST].index)
    extra = [f"{source}_{part}" for source in sources for part in ("gpu_hours", "gpu_nanousd")]
    writer.writerow([report.by, *[field.name for field in fields(CostRow)][1:], *extra])
    named = {row.name for row in report.rows}
    idle = [CostRow(name, *[0] * 8) for name in sorted({use.name for use in gpus} - named)]
    for row in (*report.rows, *idle):
        mine = [use for use in gpus if use.name == row.name]
        writer.writerow([*astuple(row), *_gpu_columns(mine, sources)])
    writer.writerow([*astuple(report.total), *_gpu_columns(gpus, sources)])
    return out.getvalue()


def _gpu_columns(uses: Sequence[GpuUse], sources: Sequence[str]) -> Iterator[object]:
    """Hours and money of each source; empty where it told nothing."""
    for source in sources:
        mine = [use for use in uses if use.source == source]
        yield round(sum(use.gpu_hours for use in mine), 6) if mine else ""
        yield sum(use.nanousd for use in mine) if mine else ""


def _list_human(report: RequestList, theme: Theme) -> Iterator[str]:
    if not report.requests:
        yield theme.dim("no requests")
        return
    head = ["ended", "request", "who", "model", "where", "outcome", "tokens", "charged"]
    rows = [
        [
            _moment(one.at_ms),
            one.request_id,
            one.user or f"{one.tenant}/{one.app}",
            one.model or "-",
            one.backend or "-",
            f"{one.outcome}{': ' + one.cause if one.cause else ''}",
            f"{one.prompt_tokens}+{one.completion_tokens}",
            format_usd(one.nanousd),
        ]
        for one in report.requests
    ]
    yield from columns([[theme.title(word) for word in head], *rows])


def _moment(at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


COST: View[CostReport] = View("Cost", _human, _plain)
REQUESTS: View[RequestList] = View(
    "RequestList", _list_human, lambda report: [astuple(one) for one in report.requests]
)
