"""How a pause and its end are told: what rests, what runs again, what it saves."""

from collections.abc import Iterator, Sequence

from llmplat.apply.pause import PauseReport
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _human(report: PauseReport, theme: Theme) -> Iterator[str]:
    yield f"{theme.state('stopped' if report.is_paused else 'running', report.platform)}: {_words(report)}"
    yield from columns(
        [
            [f"  {one.namespace}/{one.name}", f"{one.replicas} x {one.gpus} GPUs"]
            for one in report.models
        ]
    )
    if report.pools:
        names = ", ".join(one.name for one in report.pools)
        yield f"  pools {'at zero' if report.is_paused else 'back'}: {names}"
    if report.is_paused:
        yield from _savings(report, theme)


def _words(report: PauseReport) -> str:
    place = f"in {report.cluster.context} at {report.cluster.server}"
    if report.is_paused:
        since = "" if report.is_changed else f", as it was since {report.since}"
        return f"paused {place}{since}; {len(report.queues)} queues are held"
    return f"runs again {place}" if report.is_changed else f"was not paused {place}"


def _savings(report: PauseReport, theme: Theme) -> Iterator[str]:
    for one in report.savings:
        usd = "unknown" if one.usd_per_month is None else f"${one.usd_per_month:.2f} a month"
        yield f"  saves {usd}: {one.what}"
        yield f"    {theme.dim(one.how)}"
    known = sum(one.usd_per_month or 0.0 for one in report.savings)
    if report.savings:
        yield f"saves ${known:.2f} a month; back with: llmplat resume"


def _plain(report: PauseReport) -> Iterator[Sequence[object]]:
    yield "paused" if report.is_paused else "running", report.platform, report.since
    for one in report.models:
        yield "model", f"{one.namespace}/{one.name}", one.replicas, one.gpus
    yield from (("queue", one.name, one.stop_policy) for one in report.queues)
    yield from (("pool", one.name, one.nodes) for one in report.pools)
    yield from (("saves", one.what, one.usd_per_month, one.how) for one in report.savings)


VIEW: View[PauseReport] = View("PauseReport", _human, _plain)
