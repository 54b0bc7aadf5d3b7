"""Turns what the checks found into lines."""

from collections.abc import Iterator, Sequence

from llmplat.output.errors import finding_lines
from llmplat.output.theme import Theme
from llmplat.output.view import View
from llmplat.plan.check import ValidationReport


def _human(report: ValidationReport, theme: Theme) -> Iterator[str]:
    for finding in report.findings:
        yield from finding_lines(finding, theme)
    word = f"{len(report.errors)} errors" if report.errors else "can be started"
    yield f"{theme.state('failed' if report.errors else 'ok', f'{report.file}: {word}')}"


def _plain(report: ValidationReport) -> Iterator[Sequence[object]]:
    for finding in report.findings:
        yield finding.severity.value, finding.code, finding.where, finding.what, finding.why


VALIDATION: View[ValidationReport] = View("Validation", _human, _plain)
