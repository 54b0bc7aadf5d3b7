"""Turns what was found in manifests into lines."""

from collections.abc import Iterator, Sequence

from llmplat.output.errors import finding_lines
from llmplat.output.theme import Theme
from llmplat.output.view import View
from llmplat.validate.manifests import ManifestReport


def _human(report: ManifestReport, theme: Theme) -> Iterator[str]:
    for finding in report.findings:
        yield from finding_lines(finding, theme)
    checked = f"{report.objects} objects in {report.files} files, Kubernetes {report.kubernetes}"
    errors, warnings = len(report.errors), len(report.warnings)
    word = f"{errors} errors, {warnings} warnings" if errors or warnings else "nothing found"
    yield theme.state("failed" if errors else "ok", f"{report.target}: {word} ({checked})")


def _plain(report: ManifestReport) -> Iterator[Sequence[object]]:
    for finding in report.findings:
        fix = finding.fix[0] if finding.fix else ""
        yield finding.severity.value, finding.code, finding.where, finding.what, fix


MANIFESTS: View[ManifestReport] = View("ManifestValidation", _human, _plain)
