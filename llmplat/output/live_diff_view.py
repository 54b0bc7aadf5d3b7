"""How the difference between the file, the cluster and the cloud is told."""

from collections.abc import Iterator, Sequence

from llmplat.apply.live_diff import LiveDiffReport
from llmplat.output.theme import Theme
from llmplat.output.view import View


def _human(report: LiveDiffReport, theme: Theme) -> Iterator[str]:
    where = f"{report.cluster.context} at {report.cluster.server}"
    if report.is_same:
        yield theme.state("ok", f"{report.platform}: {where} is as the file says")
    for change in report.changes:
        place = "/".join(filter(None, (change.namespace, change.name)))
        yield f"{theme.title(change.act.value)} {change.kind.rpartition('/')[2]} {place}"
        yield from (f"  {theme.difference(line)}" for line in change.details)
    for one in report.unsettled:
        yield f"{theme.title('unsettled')} Application {one.name}: {one.sync}, {one.health}"
        if one.why:
            yield f"  {one.why}"
    for it in report.cloud:
        yield f"{theme.title(it.act)} {it.what}"
        yield from (f"  {theme.difference(line)}" for line in it.details)
    yield from (theme.dim(note) for note in report.notes)


def _plain(report: LiveDiffReport) -> Iterator[Sequence[object]]:
    for change in report.changes:
        details = "; ".join(change.details)
        yield change.act.value, change.kind, change.namespace, change.name, details
    for one in report.unsettled:
        yield (
            "unsettled",
            "argoproj.io/Application",
            "argocd",
            one.name,
            one.sync,
            one.health,
            one.why,
        )
    for it in report.cloud:
        yield it.act, "cloud", "", it.what, "; ".join(it.details)


LIVE_DIFF: View[LiveDiffReport] = View("LiveDiff", _human, _plain)
