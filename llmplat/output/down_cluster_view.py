"""How what `down` removed from a cluster, and what it left there, is told."""

from collections.abc import Iterable, Iterator, Sequence

from llmplat.apply.down_cluster import DownClusterReport
from llmplat.apply.down_stay import Stay
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _human(report: DownClusterReport, theme: Theme) -> Iterator[str]:
    yield f"{theme.state('stopped', report.platform)}: {_words(report)}"
    title = ""
    for one in report.removed:
        if one.step != title:
            title = one.step
            yield f"{'would remove' if report.is_dry_run else 'removed'} {theme.title(title)}"
        yield f"  {one.what}"
    if report.stays:
        yield theme.title("stays")
        for stay in report.stays:
            yield from _stay(stay, theme)
        yield _total(report.stays)


def _words(report: DownClusterReport) -> str:
    place = f"in {report.cluster.context} at {report.cluster.server}"
    if not report.removed:
        return f"nothing of it is there {place}"
    verb = "would be removed" if report.is_dry_run else "removed"
    return f"{len(report.removed)} things {verb} {place}"


def _stay(stay: Stay, theme: Theme) -> Iterator[str]:
    yield from columns([[f"  {stay.what}", stay.why]])
    yield f"    {theme.dim('costs:')} {stay.cost}"
    if stay.remove_with:
        yield f"    {theme.dim('remove with:')} {stay.remove_with}"


def _total(stays: Sequence[Stay]) -> str:
    known = sum(one.usd_per_month or 0.0 for one in stays)
    unknown = sum(one.usd_per_month is None for one in stays)
    words = f"what stays costs ${known:.2f} a month"
    return words + (f", and {unknown} of unknown price" if unknown else "")


def _plain(report: DownClusterReport) -> Iterable[Sequence[object]]:
    verb = "would-remove" if report.is_dry_run else "removed"
    yield from ((verb, one.step, one.what) for one in report.removed)
    yield from (("stays", one.what, one.usd_per_month, one.why) for one in report.stays)


VIEW: View[DownClusterReport] = View("DownClusterReport", _human, _plain)
