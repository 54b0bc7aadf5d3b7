"""How doctor's report is told."""

from collections.abc import Iterator

from llmplat.observe.doctor import DoctorReport, Verdict
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns

_STATES = {Verdict.OK: "ok", Verdict.WARNING: "warning", Verdict.MISSING: "failed"}


def _human(report: DoctorReport, theme: Theme) -> Iterator[str]:
    rows = [
        [theme.state(_STATES[c.verdict], c.verdict.value), theme.title(c.name), c.what]
        for c in report.checks
    ]
    for check, line in zip(report.checks, columns(rows), strict=True):
        yield line
        for fix in check.fix:
            yield f"    {theme.dim('fix:')} {fix}"
    missing = sum(check.verdict is Verdict.MISSING for check in report.checks)
    yield theme.title(f"{missing} things are missing" if missing else "ready: llmplat up")


DOCTOR: View[DoctorReport] = View(
    "DoctorReport",
    _human,
    lambda report: [(c.verdict.value, c.name, c.what, "; ".join(c.fix)) for c in report.checks],
    lambda report: {"ready": report.is_ready, "checks": list(report.checks)},
)
