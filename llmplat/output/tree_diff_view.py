"""Turns what rendering anew would change into lines."""

from collections.abc import Iterator, Sequence

from llmplat.output.theme import Theme
from llmplat.output.view import View
from llmplat.render.tree_diff import ObjectChange, TreeDiffReport


def _human(report: TreeDiffReport, theme: Theme) -> Iterator[str]:
    if not report.changes:
        yield theme.state("ok", f"{report.tree}: rendering would change nothing")
    for change in report.changes:
        yield f"{theme.title(change.act.value)} {_told(change)}"
        for line in change.details:
            yield f"  {theme.difference(line)}"


def _told(change: ObjectChange) -> str:
    place = f"{change.namespace}/{change.name}" if change.namespace else change.name
    return f"{change.kind.rpartition('/')[2]} {place}"


def _plain(report: TreeDiffReport) -> Iterator[Sequence[object]]:
    for change in report.changes:
        yield (
            change.act.value,
            change.kind,
            change.namespace,
            change.name,
            "; ".join(change.details),
        )


TREE_DIFF: View[TreeDiffReport] = View("TreeDiff", _human, _plain)
