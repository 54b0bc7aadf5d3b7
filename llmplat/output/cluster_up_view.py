"""How what `up` did on a cluster, or would do, is told."""

from collections.abc import Iterable, Sequence

from llmplat.apply.cluster_reports import ClusterUpPreview, ClusterUpReport
from llmplat.domain.cluster import ClusterIdentity
from llmplat.domain.errors import Finding, Severity
from llmplat.domain.units import format_duration
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns

_SIGNS = {Severity.ERROR: "failed", Severity.WARNING: "warning", Severity.NOTE: "ok"}


def _human(report: ClusterUpReport, theme: Theme) -> Iterable[str]:
    took = format_duration(report.took_s)
    yield f"{theme.state('running')} {theme.title(report.platform)} is up ({took})"
    for proof in report.proofs:
        yield f'  {proof.model}: "{proof.answer}"'
    yield from (f"  {theme.state('warning', 'not run')} {one}" for one in report.not_run)
    changed = f"{len(report.changed)} changed" if report.changed else "nothing changed"
    yield from columns([
        ["  cluster", f"{report.identity.context}, Kubernetes {report.identity.version}"],
        ["  Applications", f"{len(report.applications)} healthy, {changed}"],
        ["  next", "llmplat status; llmplat verify; llmplat keys create TENANT/APP"],
    ])  # fmt: skip


def _plain(report: ClusterUpReport) -> Iterable[Sequence[object]]:
    yield "platform", report.platform, "up", f"{report.took_s:.1f}"
    yield "cluster", report.identity.context, report.identity.server, report.identity.version
    yield "tree", report.revision, report.sent, report.kept
    yield from (("changed", name) for name in report.changed)
    yield from (("removed", name) for name in report.removed)
    for proof in report.proofs:
        yield "proof", proof.model, proof.tokens, f"{proof.took_s:.3f}", proof.answer
    yield from (("not-run", one) for one in report.not_run)


def _document(report: ClusterUpReport) -> dict[str, object]:
    return {
        "platform": report.platform,
        "profile": report.profile,
        "cluster": cluster_document(report.identity),
        "revision": report.revision,
        "applications": report.applications,
        "changed": report.changed,
        "removed": report.removed,
        "sent": report.sent,
        "kept": report.kept,
        "proofs": [
            {"model": one.model, "answer": one.answer, "tokens": one.tokens}
            for one in report.proofs
        ],
        "notRun": report.not_run,
        "findings": [finding_document(one) for one in report.warnings],
        "tookSeconds": report.took_s,
    }


def _human_preview(preview: ClusterUpPreview, theme: Theme) -> Iterable[str]:
    where = f"{preview.identity.context} at {preview.identity.server}"
    yield theme.title(f"{preview.platform} on {where}: nothing was changed")
    for one in preview.missing:
        yield from finding_lines(one, theme)
    yield f"  the tree goes to {preview.delivery}"
    for word, names in _acts(preview):
        yield from (f"  {theme.state('next', word)} {name}" for name in names)
    if preview.keep:
        yield theme.dim(f"  {len(preview.keep)} Applications stay as they are")


def _plain_preview(preview: ClusterUpPreview) -> Iterable[Sequence[object]]:
    for one in preview.missing:
        yield one.severity.value, one.code, one.what, one.why or ""
    for word, names in (*_acts(preview), ("keep", preview.keep)):
        yield from ((word, name) for name in names)


def _document_preview(preview: ClusterUpPreview) -> dict[str, object]:
    return {
        "platform": preview.platform,
        "profile": preview.profile,
        "cluster": cluster_document(preview.identity),
        "delivery": preview.delivery,
        "findings": [finding_document(one) for one in preview.missing],
        "add": preview.add,
        "change": preview.change,
        "remove": preview.remove,
        "keep": preview.keep,
    }


def _acts(preview: ClusterUpPreview) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("add", preview.add), ("change", preview.change), ("remove", preview.remove))


def finding_lines(finding: Finding, theme: Theme) -> Iterable[str]:
    """One finding for people: its severity, what, why and the ways out."""
    sign = theme.state(_SIGNS[finding.severity], finding.severity.value)
    yield f"  {sign} {finding.what} {finding.why or ''}".rstrip()
    yield from (f"      fix: {fix}" for fix in finding.fix)


def finding_document(finding: Finding) -> dict[str, object]:
    """One finding for machines."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "what": finding.what,
        "why": finding.why,
        "fix": finding.fix,
    }


def cluster_document(identity: ClusterIdentity) -> dict[str, object]:
    """Which cluster, for machines."""
    return {"context": identity.context, "server": identity.server, "version": identity.version}


VIEW: View[ClusterUpReport] = View("ClusterUpReport", _human, _plain, _document)
PREVIEW: View[ClusterUpPreview] = View(
    "ClusterUpPreview", _human_preview, _plain_preview, _document_preview
)
