"""How keys are told: the new key alone, the list without secrets, what was taken back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from llmplat.apply.key_changes import Created, Revoked
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns

_SIGNS = {"live": "ok", "ending": "waiting", "expired": "stopped", "revoked": "stopped"}


@dataclass(frozen=True)
class ListedKey:
    """One declared key; its hash tells nobody anything and is left out."""

    id: str
    tenant: str
    app: str
    state: str
    created: datetime
    expires: datetime | None
    revoked: datetime | None


@dataclass(frozen=True)
class KeyList:
    """All declared keys."""

    file: str
    keys: tuple[ListedKey, ...]


def _list_human(report: KeyList, theme: Theme) -> Iterator[str]:
    if not report.keys:
        yield theme.dim(f"no keys in {report.file}")
        return
    head = [theme.title(word) for word in ("id", "tenant/app", "state", "created", "expires")]
    rows = [
        [
            k.id,
            f"{k.tenant}/{k.app}",
            theme.state(_SIGNS[k.state], k.state),
            _day(k.created),
            _day(k.expires),
        ]
        for k in report.keys
    ]
    yield from columns([head, *rows])


def _day(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "never"


def _revoked_human(report: Revoked, theme: Theme) -> Iterator[str]:
    word = "would be revoked" if report.dry_run else "revoked"
    for key_id in report.ids:
        yield f"{theme.state('stopped', word)}  {key_id}"
    for key_id in report.before:
        yield f"{theme.dim('was revoked before')}  {key_id}"


def _revoked_plain(report: Revoked) -> Iterator[tuple[str, str]]:
    word = "would-revoke" if report.dry_run else "revoked"
    yield from ((key_id, word) for key_id in report.ids)
    yield from ((key_id, "was-revoked") for key_id in report.before)


CREATED: View[Created] = View("Key", lambda made, _: [made.key], lambda made: [(made.key,)])
LISTED: View[KeyList] = View(
    "KeyList",
    _list_human,
    lambda report: [
        (k.id, f"{k.tenant}/{k.app}", k.state, k.created.isoformat(), k.expires)
        for k in report.keys
    ],
)
REVOKED: View[Revoked] = View("KeysRevoked", _revoked_human, _revoked_plain)
