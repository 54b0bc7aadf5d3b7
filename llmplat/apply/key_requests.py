"""Changes of keys that tenants asked for -> declared keys, by the owner's word or within a cap."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmplat.apply import keys as pure
from llmplat.apply.key_changes import Desk, publish, read
from llmplat.apply.keys import Target
from llmplat.domain.errors import InputError
from llmplat.domain.key_change import ChangeBook, KeyChange
from llmplat.spec.keys import Key, KeysFile, dump_keys, with_declared
from llmplat.spec.platform import Platform

_GOOD = {"live", "ending"}


@dataclass(frozen=True)
class Judged:
    """A change that waits, and whether it may take effect without the owner's word."""

    change: KeyChange
    barrier: str | None
    """Why not; None when it may."""


@dataclass(frozen=True)
class Pending:
    """All changes that wait."""

    platform: str
    changes: tuple[Judged, ...]


@dataclass(frozen=True)
class Decided:
    """What a run came to."""

    state: str
    """approved or rejected."""
    changes: tuple[KeyChange, ...]
    left: tuple[Judged, ...] = ()
    """Those that still wait, and why."""
    at_gateway: bool = True
    """Whether a gateway on this machine knows the new keys already."""


def pending(desk: Desk, book: ChangeBook) -> Pending:
    """What waits, the oldest first; GatewayError when the gateway cannot be asked."""
    keys = read(desk)
    judged = tuple(Judged(one, find_barrier(desk, keys, one)) for one in book.open())
    return Pending(desk.platform.name, judged)


def approve(desk: Desk, book: ChangeBook, names: Sequence[str]) -> Decided:
    """Declare what the named changes ask for, whatever the cap says.

    Raises InputError for a change that does not wait, or that asks for what cannot be declared.
    """
    wanted = _named(book, names)
    published = True
    for one in wanted:
        published = _take(desk, book, one) and published
    return Decided("approved", wanted, at_gateway=published)


def approve_within_cap(desk: Desk, book: ChangeBook) -> Decided:
    """Declare what each tenant may have without approval, and leave the rest as it is."""
    taken, left, published = [], [], True
    for one in book.open():
        barrier = find_barrier(desk, read(desk), one)
        if barrier is not None:
            left.append(Judged(one, barrier))
            continue
        try:
            published = _take(desk, book, one) and published
        except InputError as error:  # one that cannot be made shall not hold up the others
            left.append(Judged(one, error.why or error.what))
        else:
            taken.append(one)
    return Decided("approved", tuple(taken), tuple(left), at_gateway=published)


def reject(book: ChangeBook, names: Sequence[str], why: str) -> Decided:
    """Say no to the named changes; GatewayError for a revocation, which acts already."""
    wanted = _named(book, names)
    for one in wanted:
        book.settle(one.id, "rejected", why)
    return Decided("rejected", wanted)


def find_barrier(desk: Desk, keys: KeysFile, change: KeyChange) -> str | None:
    """Why `change` waits for the owner; None where the platform file lets it take effect alone."""
    if _is_done(keys, change) or change.act == "revoke":
        return None
    cap = _cap(with_declared(desk.platform, keys), change.tenant)
    if cap is None:
        return f"tenant {change.tenant} has no selfService"
    most, longest_s = cap
    asker = next((k for k in keys.keys if k.id == change.by), None)
    if asker is None or pure.state_of(asker, desk.now) not in _GOOD:
        return f"the key that asked, {change.by}, is no longer good"
    if not 0 < change.lifetime_s <= longest_s:
        return f"it would live longer than {longest_s // 86_400} days"
    good = sum(
        pure.is_of(k, _target(change)) and pure.state_of(k, desk.now) in _GOOD for k in keys.keys
    )
    # While an old key and its successor overlap there are twice as many.
    most = most if change.act == "create" else 2 * most
    return f"{_target(change)} has {good} of {most} keys" if good >= most else None


def applied(desk: Desk, keys: KeysFile, change: KeyChange) -> KeysFile:
    """`keys` after `change`; InputError for what may not be declared."""
    if _is_done(keys, change):
        return keys
    target = _target(change)
    pure.check_target(with_declared(desk.platform, keys), target)
    old = next((k for k in keys.keys if k.id == change.key), None)
    if change.act != "create" and (old is None or not pure.is_of(old, target)):
        raise _refused(change, f"{change.key or 'no key'} is no key of {target}")
    if change.act == "revoke":
        return pure.revoked(keys, [change.key], desk.now)
    if any(k.sha256 == change.sha256 for k in keys.keys):
        raise _refused(change, "that key is declared already, under another id")
    ends = pure.after(desk.now, change.lifetime_s) if change.lifetime_s else None
    entry = Key(
        id=change.made,
        tenant=change.tenant,
        app=change.app,
        sha256=change.sha256,
        created=desk.now,
        expires=ends,
    )
    if change.act == "rotate":
        keys = pure.ending_one(keys, change.key, pure.after(desk.now, max(1, change.overlap_s)))
    return pure.added(keys, entry)


def _take(desk: Desk, book: ChangeBook, change: KeyChange) -> bool:
    """File first, then the word to the gateway: what is killed in between is done again."""
    with desk.store.hold():
        keys = applied(desk, read(desk), change)
        desk.store.write(dump_keys(keys))
        published = publish(desk, keys)
    book.settle(change.id, "approved", "")
    return published


def _is_done(keys: KeysFile, change: KeyChange) -> bool:
    """Whether an earlier run got as far as the file."""
    if change.act == "revoke":
        return any(k.id == change.key and k.revoked is not None for k in keys.keys)
    return any((k.id, k.sha256) == (change.made, change.sha256) for k in keys.keys)


def _named(book: ChangeBook, names: Sequence[str]) -> tuple[KeyChange, ...]:
    waiting = {one.id: one for one in book.open()}
    missing = [name for name in names if name not in waiting]
    if missing:
        raise InputError(
            f"No change {missing[0]!r} waits.",
            f"{len(waiting)} wait: {', '.join(waiting) or 'none'}",
            ("llmplat keys pending",),
        )
    return tuple(waiting[name] for name in dict.fromkeys(names))


def _cap(platform: Platform, tenant: str) -> tuple[int, int] | None:
    cap = next((t.self_service for t in platform.tenants if t.name == tenant), None)
    return None if cap is None else (cap.keys, int(cap.lifetime_s))


def _target(change: KeyChange) -> Target:
    return Target(change.tenant, change.app)


def _refused(change: KeyChange, why: str) -> InputError:
    return InputError(
        f"Change {change.id} cannot be made.", why, (f"llmplat keys reject {change.id}",)
    )
