"""Turns what was found in manifests into lines."""

from collections.abc import Iterable, Iterator, Sequence

from llmplat.domain.errors import Finding
from llmplat.output import as_sarif
from llmplat.output.errors import finding_lines
from llmplat.output.theme import Theme
from llmplat.output.view import View
from llmplat.validate.manifests import ManifestReport


def count(number: int, word: str) -> str:
    """`number` things: 1 object, 2 objects."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def _human(report: ManifestReport, theme: Theme) -> Iterator[str]:
    for finding in report.findings:
        yield from finding_lines(finding, theme)
    errors, warnings = len(report.errors), len(report.warnings)
    found = [count(errors, "error")] * bool(errors) + [count(warnings, "warning")] * bool(warnings)
    checked = f"{count(report.objects, 'object')} in {count(report.files, 'file')}"
    text = f"{report.target}: {', '.join(found) or 'nothing found'}"
    state = "failed" if errors else "ok"
    yield theme.state(state, f"{text} ({checked}, Kubernetes {report.kubernetes})")


def _plain(report: ManifestReport) -> Iterator[Sequence[object]]:
    for finding in report.findings:
        fix = finding.fix[0] if finding.fix else ""
        yield finding.severity.value, finding.code, finding.where, finding.what, fix


def _findings(report: ManifestReport) -> Iterable[Finding]:
    return as_sarif.placed(report.findings, report.target)


MANIFESTS: View[ManifestReport] = View("ManifestValidation", _human, _plain, findings=_findings)
