"""Turns an error into what / why / fix / docs lines, or into one JSON object."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmplat.domain.errors import Finding, LlmplatError, Severity
from llmplat.output import as_json
from llmplat.output.theme import Theme

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def error_lines(
    error: LlmplatError, theme: Theme, *, quiet: bool, log: Path | None
) -> Iterator[str]:
    """What went wrong for a person; quiet keeps what and fix."""
    yield f"{theme.paint(f'error[{error.code}]', 'red', 'bold')}: {error.what}"
    if error.why and not quiet:
        yield from _labelled("why", error.why, theme)
    for finding in error.findings:
        yield from finding_lines(finding, theme, quiet=quiet)
    for fix in error.fix:
        yield from _labelled("fix", fix, theme)
    if quiet:
        return
    yield from _labelled("docs", f"llmplat help {error.code}", theme)
    if log is not None:
        yield from _labelled("log", str(log), theme)


def finding_lines(finding: Finding, theme: Theme, *, quiet: bool = False) -> Iterator[str]:
    """One finding with its places, for a person."""
    place = f"{finding.where}: " if finding.where else ""
    mark = theme.paint(f"{finding.severity}[{finding.code}]", _COLOURS[finding.severity])
    yield f"  {place}{mark}: {finding.what}"
    if quiet:
        return
    if finding.why:
        yield from _labelled("why", finding.why, theme, indent=4)
    for also in finding.also:
        yield from _labelled("see", str(also), theme, indent=4)
    for fix in finding.fix:
        yield from _labelled("fix", fix, theme, indent=4)


def _labelled(label: str, text: str, theme: Theme, indent: int = 2) -> Iterator[str]:
    head, *rest = text.splitlines() or [""]
    yield f"{' ' * indent}{theme.dim(f'{label}:')} {head}"
    for line in rest:
        yield f"{' ' * (indent + len(label) + 2)}{line}"


def error_document(
    error: LlmplatError, *, log: Path | None, notices: tuple[str, ...] = (), debug: bool = False
) -> dict[str, Any]:
    """The error as a JSON object; details only on request."""
    fields: dict[str, Any] = {
        "code": error.code,
        "exitCode": int(error.exit_code),
        "what": error.what,
        "why": error.why,
        "fix": list(error.fix),
        "findings": list(error.findings),
        "docs": f"llmplat help {error.code}",
        "log": str(log) if log else None,
    }
    if notices:
        fields["notices"] = list(notices)
    if debug:
        fields["details"] = error.details
    return as_json.document("Error", fields)
