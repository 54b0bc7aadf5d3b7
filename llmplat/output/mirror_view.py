"""Turns what a platform fetches, and what a mirror has of it, into lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmplat.apply.mirror_copy import FAILED, Copied, CopyReport
from llmplat.apply.mirror_things import Thing
from llmplat.apply.mirror_verify import Looked, VerifyReport
from llmplat.domain.units import format_size
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns

_UNKNOWN = "unknown"
_SHORT = 19
"""Characters of a digest that people are shown: sha256: and twelve digits."""


@dataclass(frozen=True)
class Listed:
    """Everything a platform fetches."""

    things: tuple[Thing, ...]


def _list_human(report: Listed, theme: Theme) -> Iterator[str]:
    yield from columns(
        [
            [thing.kind, thing.origin, _short(thing), theme.dim(_size(thing.size_bytes))]
            for thing in report.things
        ]
    )
    known = sum(thing.digest is not None for thing in report.things)
    yield theme.state("ok", f"{len(report.things)} things, {known} with a known digest")


def _list_plain(report: Listed) -> Iterator[Sequence[object]]:
    for thing in report.things:
        yield (
            thing.kind,
            thing.origin,
            thing.digest or _UNKNOWN,
            thing.size_bytes if thing.size_bytes is not None else _UNKNOWN,
            thing.kept,
        )


def _list_document(report: Listed) -> Mapping[str, Any]:
    return {"things": [_thing(thing) for thing in report.things]}


def _copy_human(report: CopyReport, theme: Theme) -> Iterator[str]:
    yield from columns([_copied(one, theme) for one in report.copied])
    for one in report.of(FAILED):
        yield from _failure(one, theme)
    yield theme.state("failed" if report.of(FAILED) else "ok", _outcome(report))


def _copied(one: Copied, theme: Theme) -> list[str]:
    thing = one.thing
    return [
        one.outcome,
        thing.kind,
        thing.origin,
        _short(thing),
        theme.dim(_size(thing.size_bytes)),
    ]


def _failure(one: Copied, theme: Theme) -> Iterator[str]:
    if one.error is not None:
        why = f": {one.error.why}" if one.error.why else ""
        yield theme.state("failed", f"{one.thing.origin}: {one.error.what}{why}")


def _outcome(report: CopyReport) -> str:
    states = dict.fromkeys(one.outcome for one in report.copied)
    counts = ", ".join(f"{len(report.of(state))} {state}" for state in states)
    return f"{report.target}: {counts or 'nothing to copy'}, {format_size(report.sent_bytes)} sent"


def _copy_plain(report: CopyReport) -> Iterator[Sequence[object]]:
    for one in report.copied:
        yield (
            one.outcome,
            one.thing.kind,
            one.thing.origin,
            one.thing.digest or _UNKNOWN,
            one.sent_bytes,
        )
    yield "sent", report.target, report.sent_bytes


def _copy_document(report: CopyReport) -> Mapping[str, Any]:
    return {
        "target": report.target,
        "isDryRun": report.is_dry_run,
        "sentBytes": report.sent_bytes,
        "things": [
            _thing(one.thing)
            | {"outcome": one.outcome, "sentBytes": one.sent_bytes}
            | ({"error": {"code": one.error.code, "what": one.error.what}} if one.error else {})
            for one in report.copied
        ],
    }


def _verify_human(report: VerifyReport, theme: Theme) -> Iterator[str]:
    yield from columns([_looked(one, theme) for one in report.looked])
    count = len(report.bad)
    told = f"{count} of {len(report.looked)} are not as they must be" if count else "all there"
    yield theme.state("failed" if count else "ok", f"{report.target}: {told}")


def _looked(one: Looked, theme: Theme) -> list[str]:
    state = theme.state("ok" if one.is_usable else "failed", one.state)
    return [state, one.thing.kind, one.thing.origin, _short(one.thing), theme.dim(one.why)]


def _verify_plain(report: VerifyReport) -> Iterator[Sequence[object]]:
    for one in report.looked:
        yield one.state, one.thing.kind, one.thing.origin, one.thing.digest or _UNKNOWN, one.why


def _verify_document(report: VerifyReport) -> Mapping[str, Any]:
    return {
        "target": report.target,
        "things": [
            _thing(one.thing) | {"state": one.state, "why": one.why} for one in report.looked
        ],
    }


def _thing(thing: Thing) -> dict[str, Any]:
    return {
        "kind": thing.kind,
        "origin": thing.origin,
        "kept": thing.kept or None,
        "digest": thing.digest,
        "sizeBytes": thing.size_bytes,
    }


def _short(thing: Thing) -> str:
    return thing.digest[:_SHORT] if thing.digest else _UNKNOWN


def _size(size_bytes: int | None) -> str:
    return format_size(size_bytes) if size_bytes is not None else ""


LISTED: View[Listed] = View("MirrorList", _list_human, _list_plain, _list_document)
COPIED: View[CopyReport] = View("MirrorCopy", _copy_human, _copy_plain, _copy_document)
VERIFIED: View[VerifyReport] = View("MirrorVerify", _verify_human, _verify_plain, _verify_document)
