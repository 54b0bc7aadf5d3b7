"""How changes of keys that tenants asked for are told: what waits, and what came of it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from llmplat.apply.key_requests import Decided, Pending
from llmplat.domain.key_change import KeyChange
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _pending_human(report: Pending, theme: Theme) -> Iterator[str]:
    if not report.changes:
        yield theme.dim("no change of keys waits")
        return
    head = [
        theme.title(word)
        for word in ("change", "tenant/app", "asks for", "by", "asked", "waits for")
    ]
    rows = [
        [
            one.change.id,
            f"{one.change.tenant}/{one.change.app}",
            _wish(one.change),
            one.change.by,
            _moment(one.change),
            one.barrier or "the next approve --within-cap",
        ]
        for one in report.changes
    ]
    yield from columns([head, *rows])


def _decided_human(report: Decided, theme: Theme) -> Iterator[str]:
    for one in report.changes:
        yield f"{theme.state('ok', report.state)}  {one.id}  {_wish(one)}"
    for judged in report.left:
        yield f"{theme.state('waiting', 'waits')}  {judged.change.id}  {judged.barrier}"
    if not report.changes and not report.left:
        yield theme.dim("no change of keys waits")


def _wish(change: KeyChange) -> str:
    if change.act == "revoke":
        return f"revoke {change.key}"
    life = f"{change.lifetime_s // 86_400} d" if change.lifetime_s else "for good"
    return f"{change.act} {change.key or change.made} ({life})"


def _moment(change: KeyChange) -> str:
    return datetime.fromtimestamp(change.asked_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


PENDING: View[Pending] = View(
    "KeyChanges",
    _pending_human,
    lambda report: [
        (
            j.change.id,
            f"{j.change.tenant}/{j.change.app}",
            _wish(j.change),
            j.change.by,
            j.barrier or "",
        )
        for j in report.changes
    ],
)
DECIDED: View[Decided] = View(
    "KeyChangesDecided",
    _decided_human,
    lambda report: [
        *((one.id, report.state, "") for one in report.changes),
        *((j.change.id, "waits", j.barrier or "") for j in report.left),
    ],
)
