"""Findings -> one SARIF 2.1.0 document, which code hosts show at the lines of a change."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from llmplat import __version__
from llmplat.domain.errors import Finding, LlmplatError, Severity, Where
from llmplat.domain.places import DOCS

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "SRCROOT"
"""Name of the folder that paths are relative to: the repository, where the command runs."""
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def make_document(findings: Iterable[Finding]) -> dict[str, Any]:
    """The log of one run; a rule for each code, in order, and a result for each finding."""
    found = tuple(findings)
    codes = sorted({finding.code for finding in found})
    driver = {
        "name": "llmplat",
        "version": __version__,
        "informationUri": DOCS,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes.index(finding.code)) for finding in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def placed(findings: Iterable[Finding], file: str) -> Iterable[Finding]:
    """Findings without a place of their own, at `file` as a whole: code hosts drop the others."""
    for one in findings:
        where = one.where or Where(file)
        yield Finding(one.code, one.what, one.why, one.fix, where, one.also, one.severity)


def findings_of(error: LlmplatError) -> Sequence[Finding]:
    """What an error found, or the error itself."""
    return error.findings or (Finding(error.code, error.what, error.why, error.fix),)


def help_uri(code: str) -> str:
    """Where a code is explained."""
    if code.startswith("check-"):
        return f"{DOCS}/reference/checks/#{code.removeprefix('check-')}"
    if code in _error_codes(LlmplatError):
        return f"{DOCS}/reference/errors/#{code}"
    if code.startswith(("spec-", "slo-", "plan-")):
        return f"{DOCS}/reference/platform-file/"
    return f"{DOCS}/reference/checks/#schemas-and-values"


def _error_codes(error: type[LlmplatError]) -> set[str]:
    below = (code for child in error.__subclasses__() for code in _error_codes(child))
    return {error.code, *below}


def _rule(code: str) -> dict[str, Any]:
    return {"id": code, "name": code, "helpUri": help_uri(code)}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _text(finding)},
    }
    if finding.where is not None:
        result["locations"] = [_location(finding.where)]
        result["partialFingerprints"] = {"llmplat/v1": _fingerprint(finding)}
    if finding.also:
        result["relatedLocations"] = [_location(where) for where in finding.also]
    return result


def _text(finding: Finding) -> str:
    why = [finding.why] if finding.why else []
    return "\n".join([finding.what, *why, *(f"Fix: {fix}" for fix in finding.fix)])


def _location(where: Where) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(where.file)}
    if where.line:
        physical["region"] = {"startLine": where.line, "startColumn": max(1, where.column)}
    return {"physicalLocation": physical}


def _artifact(file: str) -> dict[str, Any]:
    """The file as seen from the folder in which the command runs."""
    path = Path(file)
    if path.is_absolute():
        here = Path.cwd()
        if not path.is_relative_to(here):
            return {"uri": path.as_uri()}
        path = path.relative_to(here)
    return {"uri": _quoted(path), "uriBaseId": ROOT}


def _quoted(path: Path) -> str:
    """A relative path as a URI: as_uri() knows absolute ones only."""
    return PurePosixPath("/", path).as_uri().removeprefix("file:///")


def _fingerprint(finding: Finding) -> str:
    """The same when only the line moves."""
    file = finding.where.file if finding.where else ""
    return hashlib.sha256(f"{finding.code}\0{file}\0{finding.what}".encode()).hexdigest()[:32]
