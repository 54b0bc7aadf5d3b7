"""A cost report -> one HTML page with plots that asks nobody for anything."""

from collections.abc import Iterable, Sequence
from html import escape

from llmplat.domain.units import format_usd
from llmplat.observe.cost import CostReport
from llmplat.output.cost_view import gpu_cells, gpu_head, gpus_by, gpus_of

_WIDTH, _BAR = 640, 26
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1b1f24;background:#fff}table{border-collapse:collapse;width:100%}th,td{padding:.3rem .6rem;
border-bottom:1px solid #d0d7de;text-align:right}th:first-child,td:first-child{text-align:left}
svg{max-width:100%;height:auto}rect{fill:#0b5fff}text{font:13px system-ui,sans-serif;fill:currentColor}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}rect{fill:#6aa1ff}}"""

Bars = list[tuple[str, float, str]]
"""Name, length (at least 0) and what is written behind it."""


def make_page(report: CostReport) -> str:
    """The page; every name in it is escaped."""
    spans = f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    title = f"What {report.platform} cost"
    spend = [(row.name, float(row.nanousd), format_usd(row.nanousd)) for row in report.rows]
    days = [(day, float(nanousd), format_usd(nanousd)) for day, nanousd in report.days]
    idle = [
        (one.model, one.idle_share, f"{one.idle_share:.1%}")
        for one in report.models
        if one.idle_share is not None
    ]
    gpus = [
        (f"{use.name} ({use.source})", use.gpu_hours, f"{use.gpu_hours:.2f}")
        for use in gpus_of(report)
    ]
    charged = format_usd(report.total.nanousd)
    parts = [
        f"<h1>{escape(title)}</h1><p>{spans}.</p>",
        f"<p>Charged: {charged}. The platform ran {report.ran_hours:.2f} hours.</p>",
        _plot(f"Charged by {report.by}", spend),
        _plot("Charged by day", days),
        *(f"<p>{escape(one.what)} {escape(one.why or '')}</p>" for one in report.findings),
        _plot("Idle share of the engines", idle, longest=1.0),
        _plot(f"GPU hours by {gpus_by(report)} and source", gpus),
        _plot("Refused, by cause", [(name, float(n), str(n)) for name, n in report.refusals]),
        _table(report),
    ]
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="'
        "Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )
    return f"{head}<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"


def _plot(title: str, bars: Bars, longest: float | None = None) -> str:
    if not bars:
        return ""
    most = longest or max(length for _, length, _ in bars) or 1.0
    rows = []
    for index, (name, length, told) in enumerate(bars):
        y, width = index * _BAR, round(length / most * 280, 1)
        rows.append(
            f'<text x="190" y="{y + 17}" text-anchor="end">{escape(name[:28])}</text>'
            f'<rect x="200" y="{y + 4}" width="{width}" height="18"/>'
            f'<text x="{206 + width}" y="{y + 17}">{escape(told)}</text>'
        )
    told_all = "; ".join(f"{name} {told}" for name, _, told in bars)
    return (
        f"<h2>{escape(title)}</h2>"
        f'<svg viewBox="0 0 {_WIDTH} {len(bars) * _BAR}" role="img" '
        f'aria-label="{escape(title)}: {escape(told_all)}">{"".join(rows)}</svg>'
    )


def _table(report: CostReport) -> str:
    head = (report.by, "charged", "outside", "answered", "refused", "aborted", "failed", "tokens")
    rows = [
        [
            row.name, format_usd(row.nanousd), format_usd(row.external_nanousd), row.answered,
            row.refused, row.aborted, row.failed, row.prompt_tokens + row.completion_tokens,
        ]
        for row in (*report.rows, report.total)
    ]  # fmt: skip
    found = "<h2>Table</h2>" + _rows(head, rows)
    if report.gpus:
        found += "<h2>GPU hours</h2>" + _rows(gpu_head(report), map(gpu_cells, gpus_of(report)))
    return found


def _rows(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
        for cells in rows
    )
    return f"<table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"
