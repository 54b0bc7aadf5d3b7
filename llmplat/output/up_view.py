"""How what `up` did, or would do, is told."""

import json
from collections.abc import Iterable, Sequence

from llmplat.apply.up import UpPreview, UpReport
from llmplat.domain.units import format_duration
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _human(report: UpReport, theme: Theme) -> Iterable[str]:
    took = format_duration(report.took_s)
    yield f"{theme.state('running')} {theme.title(report.platform)} is up ({took})"
    for proof in report.proofs:
        yield f'  {proof.model}: "{proof.answer}"'
    if report.gateway_url is None:
        yield theme.dim("  engines only: this profile has no gateway")
        return
    yield ""
    yield from columns([
        ["  URL", f"{report.gateway_url}/v1"],
        ["  key", f"llmplat keys create {_target(report)}"],
        ["  try", _curl(report)],
        ["  next", "llmplat status; llmplat chat; llmplat verify; llmplat down"],
    ])  # fmt: skip


def _plain(report: UpReport) -> Iterable[Sequence[object]]:
    yield "platform", report.platform, "up", f"{report.took_s:.1f}"
    for proof in report.proofs:
        yield "proof", proof.model, proof.tokens, f"{proof.took_s:.3f}", proof.answer
    if report.gateway_url is not None:
        yield "url", f"{report.gateway_url}/v1"
        yield "key", f"llmplat keys create {_target(report)}"
        yield "try", _curl(report)


def _document(report: UpReport) -> dict[str, object]:
    return {
        "platform": report.platform,
        "profile": report.profile,
        "url": f"{report.gateway_url}/v1" if report.gateway_url else None,
        "models": report.models,
        "proofs": [
            {
                "model": proof.model,
                "answer": proof.answer,
                "tokens": proof.tokens,
                "tookSeconds": proof.took_s,
                "requestId": proof.request_id,
            }
            for proof in report.proofs
        ],
        "started": report.started,
        "replaced": report.replaced,
        "removed": report.removed,
        "kept": report.kept,
        "tookSeconds": report.took_s,
    }


def _target(report: UpReport) -> str:
    return report.tenants[0] if report.tenants else "TENANT/APP --create-tenant"


def _curl(report: UpReport) -> str:
    model = report.models[0] if report.models else "MODEL"
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
    return (
        f"curl {report.gateway_url}/v1/chat/completions "
        f"-H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' -d '{body}'"
    )


def _human_preview(preview: UpPreview, theme: Theme) -> Iterable[str]:
    yield theme.title(f"{preview.platform}: nothing was changed")
    for finding in preview.missing:
        yield f"  {theme.state('failed', 'missing')} {finding.what} {finding.why or ''}"
        yield from (f"      fix: {fix}" for fix in finding.fix)
    for name in preview.install:
        yield f"  {theme.state('waiting', 'install')} {name}"
    for name in preview.run:
        is_running = name in preview.running
        yield f"  {theme.state('running', 'runs') if is_running else theme.state('next', 'start')} {name}"
    yield theme.dim("  what runs is replaced only where its configuration changed")


def _plain_preview(preview: UpPreview) -> Iterable[Sequence[object]]:
    yield from (("missing", one.code, one.what, one.why or "") for one in preview.missing)
    yield from (("install", name) for name in preview.install)
    yield from (("keep" if name in preview.running else "start", name) for name in preview.run)


VIEW: View[UpReport] = View("UpReport", _human, _plain, _document)
PREVIEW: View[UpPreview] = View("UpPreview", _human_preview, _plain_preview)
