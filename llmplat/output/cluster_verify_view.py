"""How the controls of a platform on a cluster are told."""

from collections.abc import Iterator, Sequence

from llmplat.observe.cluster_verify import ClusterVerifyReport, Verdict
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns

_SIGNS = {Verdict.HELD: "ok", Verdict.BROKEN: "failed", Verdict.NOT_RUN: "warning"}


def _human(report: ClusterVerifyReport, theme: Theme) -> Iterator[str]:
    rows = [
        [f"  {theme.state(_SIGNS[one.verdict], one.verdict.value)}", one.name, theme.dim(one.seen)]
        for one in report.checks
    ]
    yield from columns(rows)
    yield theme.state("failed" if report.broken else "ok", _sentence(report))


def _sentence(report: ClusterVerifyReport) -> str:
    held = len(report.checks) - len(report.broken) - len(report.not_run)
    rest = f", {len(report.not_run)} could not be tried" if report.not_run else ""
    return f"{held} of {len(report.checks)} held on {report.platform}{rest}"


def _plain(report: ClusterVerifyReport) -> Iterator[Sequence[object]]:
    yield from ((one.group, one.name, one.verdict.value, one.seen) for one in report.checks)


def _document(report: ClusterVerifyReport) -> dict[str, object]:
    return {
        "platform": report.platform,
        "failed": len(report.broken),
        "notRun": len(report.not_run),
        "checks": list(report.checks),
    }


def markdown(report: ClusterVerifyReport, told: str) -> str:
    """The report as a page; `told` says when and by what it was made."""
    lines = [f"# Controls of platform {report.platform}", "", told, "", f"{_sentence(report)}.", ""]
    lines += ["| Control | Outcome | Seen |", "|---|---|---|"]
    lines += [
        f"| {one.name} | {one.verdict.value} | {one.seen.replace('|', '/')} |"
        for one in report.checks
    ]
    return "\n".join(lines) + "\n"


VIEW: View[ClusterVerifyReport] = View("ClusterVerifyReport", _human, _plain, _document)
