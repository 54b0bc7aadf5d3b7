"""How what `down` stopped and left is told."""

from collections.abc import Iterable, Sequence

from llmplat.apply.down import DownReport
from llmplat.domain.units import format_size
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _human(report: DownReport, theme: Theme) -> Iterable[str]:
    verb = "would stop" if report.is_dry_run else "stopped"
    names = ", ".join(report.stopped)
    words = f"{verb} {names}" if names else "nothing was running"
    yield f"{theme.state('stopped', report.platform)}: {words}"
    if report.killed:
        yield f"  ended after their grace: {', '.join(report.killed)}"
    yield from (f"  {'would remove' if report.is_dry_run else 'removed'} {path}"
                for path in report.removed)  # fmt: skip
    if report.left:
        yield theme.title("left in place")
        yield from columns(
            [[f"  {left.what}", format_size(left.size_bytes), left.path] for left in report.left]
        )


def _plain(report: DownReport) -> Iterable[Sequence[object]]:
    verb = "would-stop" if report.is_dry_run else "stopped"
    yield from ((verb, name) for name in report.stopped)
    yield from (("killed", name) for name in report.killed)
    yield from (("removed", path) for path in report.removed)
    yield from (("left", left.path, left.size_bytes, left.what) for left in report.left)


VIEW: View[DownReport] = View("DownReport", _human, _plain)
