"""Turns what the checks found into lines."""

from collections.abc import Iterable, Iterator, Sequence

from llmplat.domain.errors import Finding
from llmplat.output import as_sarif
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


def _findings(report: ValidationReport) -> Iterable[Finding]:
    return as_sarif.placed(report.findings, report.file)


VALIDATION: View[ValidationReport] = View("Validation", _human, _plain, findings=_findings)
