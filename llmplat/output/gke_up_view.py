"""How what `up` would do in the cloud is told: what is missing, what changes, what is thrown away."""

from collections.abc import Iterable, Sequence

from llmplat.apply.gke_up import GkePreview
from llmplat.domain.provision import Act
from llmplat.output.cluster_up_view import finding_document
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns

_STATES = {
    Act.CREATE: "ok",
    Act.UPDATE: "warning",
    Act.REPLACE: "failed",
    Act.DELETE: "failed",
}


def _human(report: GkePreview, theme: Theme) -> Iterable[str]:
    yield theme.title(f"{report.platform} in the project {report.project}")
    yield theme.dim(f"as {report.account}; state in {report.state}")
    for one in report.missing:
        yield f"{theme.state('failed', 'missing')}  {one.what}"
        yield f"    why: {one.why}"
        yield from (f"    fix: {fix}" for fix in one.fix)
        yield f"    or:  llmplat up --waive {one.code}"
    for one in report.waived:
        yield f"{theme.state('warning', 'waived')}  {one.what}"
    rows = [
        [theme.state(_STATES[one.act], one.act.value), one.kind.rpartition(":")[2], one.name,
         ", ".join(one.differs)]
        for one in report.changes or ()
    ]  # fmt: skip
    yield from columns(rows)
    if report.changes == ():
        yield theme.dim("nothing changes in the cloud")


def _plain(report: GkePreview) -> Iterable[Sequence[object]]:
    yield "project", report.project, report.account, report.state
    yield from (("missing", one.code, one.what) for one in report.missing)
    yield from (("waived", one.code, one.what) for one in report.waived)
    yield from ((one.act.value, one.kind, one.name) for one in report.changes or ())


def _document(report: GkePreview) -> dict[str, object]:
    return {
        "platform": report.platform,
        "project": report.project,
        "account": report.account,
        "state": report.state,
        "missing": [finding_document(one) for one in report.missing],
        "waived": [finding_document(one) for one in report.waived],
        "changes": report.changes,
    }


PREVIEW: View[GkePreview] = View("GkeUpPreview", _human, _plain, _document)
