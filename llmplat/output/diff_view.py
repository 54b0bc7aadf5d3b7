"""Turns what `up` would change into lines."""

from collections.abc import Iterator, Sequence

from llmplat.apply.diff import DiffReport
from llmplat.output.theme import Theme
from llmplat.output.view import View


def _human(report: DiffReport, theme: Theme) -> Iterator[str]:
    if not report.changes:
        yield theme.state("ok", f"{report.platform}: `llmplat up` would change nothing")
    for change in report.changes:
        yield f"{theme.title(change.act.value)} {change.name}"
        for line in change.details:
            yield f"  {theme.difference(line)}"


def _plain(report: DiffReport) -> Iterator[Sequence[object]]:
    for change in report.changes:
        yield change.act.value, change.name, "; ".join(change.details)


DIFF: View[DiffReport] = View("Diff", _human, _plain)
