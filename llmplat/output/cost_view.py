"""How spend is told: a table, records, CSV."""

import csv
import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields

from llmplat.domain.units import format_usd
from llmplat.domain.usage import RequestRecord
from llmplat.observe.cost import CostReport, CostRow, ModelCost
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
        head = ["model", "engine hours", "GPU hours", "idle", "hardware cost", "per million tokens"]
        yield from columns([[theme.title(word) for word in head], *map(_model, report.models)])
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
        f"{one.gpu_hours:.2f}",
        "-" if one.idle_share is None else f"{one.idle_share:.1%}",
        format_usd(one.hardware_nanousd),
        "-" if per_million is None else format_usd(per_million),
    ]


def _plain(report: CostReport) -> Iterator[Sequence[object]]:
    yield from ((report.by, *astuple(row)) for row in report.rows)
    yield "total", *astuple(report.total)[1:]
    yield from (("engine", *astuple(one)) for one in report.models)
    yield from (("refusals", cause, count) for cause, count in report.refusals)


def make_csv(report: CostReport) -> str:
    """The rows and their total, with a head; money in nano-dollars."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([report.by, *[field.name for field in fields(CostRow)][1:]])
    writer.writerows(astuple(row) for row in (*report.rows, report.total))
    return out.getvalue()


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
