"""How verify's report is told: on screen, and as a page a lead can keep."""

from collections.abc import Iterator, Sequence

from llmplat.observe.verify import VerifyReport, by_group
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _human(report: VerifyReport, theme: Theme) -> Iterator[str]:
    rows = [
        [
            f"  {theme.state('ok' if c.held else 'failed', 'held' if c.held else 'BROKEN')}",
            c.name,
            theme.dim(c.seen) if c.held else f"expected {c.expected}, saw {c.seen}",
        ]
        for c in report.checks
    ]
    yield theme.title("Controls")
    yield from columns(rows)
    if report.attacks:
        yield theme.title("Ways around")
        yield from columns(_attack_rows(report, theme))
        for outcome in report.attacks:
            if outcome.won is not None:
                yield f"  {theme.glyph('failed')} {outcome.group}: {outcome.name}: {outcome.won}"
    yield theme.state("failed" if report.failed else "ok", _verdict(report))


def _attack_rows(report: VerifyReport, theme: Theme) -> list[list[str]]:
    rows = []
    for group, tried in by_group(report.attacks).items():
        won = sum(outcome.won is not None for outcome in tried)
        state = theme.state("failed" if won else "ok", "BROKEN" if won else "held")
        rows.append([f"  {state}", group, f"{len(tried)} tried, {won} got through"])
    return rows


def _verdict(report: VerifyReport) -> str:
    total = len(report.checks) + len(report.attacks)
    if report.failed:
        return f"{report.failed} of {total} went wrong on platform {report.platform}"
    return f"all {total} held on platform {report.platform}"


def _plain(report: VerifyReport) -> Iterator[Sequence[object]]:
    for check in report.checks:
        yield "control", check.name, "held" if check.held else "broken", check.expected, check.seen
    for outcome in report.attacks:
        state = "held" if outcome.won is None else "broken"
        yield "attempt", f"{outcome.group}: {outcome.name}", state, "nothing won", outcome.won


def _document(report: VerifyReport) -> dict[str, object]:
    return {
        "platform": report.platform,
        "failed": report.failed,
        "checks": list(report.checks),
        "attacks": list(report.attacks),
    }


def markdown(report: VerifyReport, told: str) -> str:
    """The report as a page; `told` says when and by what it was made."""
    return "\n".join(_page(report, told)) + "\n"


def _page(report: VerifyReport, told: str) -> Iterator[str]:
    yield f"# Controls of platform {report.platform}"
    yield ""
    yield f"{told} {_verdict(report)[0].upper()}{_verdict(report)[1:]}."
    yield ""
    yield "Each control was tried on the running platform, with short-lived keys of its own."
    yield ""
    yield "| Control | Outcome | Expected | Seen |"
    yield "|---|---|---|---|"
    for c in report.checks:
        yield f"| {_cell(c.name)} | {'held' if c.held else '**broken**'} | {_cell(c.expected)} | {_cell(c.seen)} |"
    yield ""
    yield "| Ways around the gateway | Tried | Got through |"
    yield "|---|---|---|"
    for group, tried in by_group(report.attacks).items():
        yield f"| {group} | {len(tried)} | {sum(o.won is not None for o in tried)} |"
    broken = [outcome for outcome in report.attacks if outcome.won is not None]
    if broken:
        yield ""
        yield "## What got through"
        yield ""
        yield from (f"- {o.group}: {_cell(o.name)}: {_cell(o.won or '')}" for o in broken)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


VERIFY: View[VerifyReport] = View("VerifyReport", _human, _plain, _document)
