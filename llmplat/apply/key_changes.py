"""Turns one act on keys into a changed keys file and a gateway that knows it (safe to repeat)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from llmplat.apply import keys as pure
from llmplat.apply.keys import KEYS_JSON, MadeKey, Target
from llmplat.domain.ports import KeyGate, KeysStore
from llmplat.spec.keys import Key, KeysFile, dump_keys, parse_keys, with_declared
from llmplat.spec.platform import Platform

POLICY_JSON = "policy.json"
PolicyOf = Callable[[Platform], dict[str, object]]
"""The policy document of a platform, as plan makes it."""


@dataclass(frozen=True)
class Desk:
    """Where keys are changed: the file, the gateway and the platform they belong to."""

    store: KeysStore
    gate: KeyGate
    platform: Platform
    """As the platform file has it, without what the keys file declares."""
    name: str
    """The keys file's name, for positions in errors."""
    now: datetime
    policy_of: PolicyOf = field(repr=False)


@dataclass(frozen=True)
class Created:
    """A key was made; `key` is the only time it is seen."""

    key: str = field(repr=False)
    id: str
    tenant: str
    app: str
    expires: datetime | None
    at_gateway: bool
    """Whether a running gateway knows it already."""
    ending: tuple[str, ...] = ()
    """Older keys of the app that now end, after a rotation."""


@dataclass(frozen=True)
class Revoked:
    """Keys were taken back."""

    ids: tuple[str, ...]
    before: tuple[str, ...]
    """Those that had been taken back already."""
    at_gateway: bool
    dry_run: bool = False


def create(desk: Desk, target: Target, lifetime_s: float | None, *, declares: bool) -> Created:
    """Make a key; with `declares` a missing tenant or app is declared in the keys file.

    Raises InputError for an unknown tenant or app, SpecError for a broken keys file.
    """
    with desk.store.hold():
        keys = read(desk)
        if declares:
            keys = pure.declare(keys, with_declared(desk.platform, keys), target)
        pure.check_target(with_declared(desk.platform, keys), target)
        made = pure.make_key(target, desk.now, _end(desk, lifetime_s))
        published = _save(desk, pure.added(keys, made.entry))
    return _created(made, at_gateway=published)


def rotate(desk: Desk, target: Target, overlap_s: float) -> Created:
    """Make a new key and let the app's other keys end after `overlap_s`."""
    with desk.store.hold():
        keys = read(desk)
        pure.check_target(with_declared(desk.platform, keys), target)
        old = tuple(k.id for k in keys.keys if pure.is_of(k, target) and _is_good(k, desk.now))
        made = pure.make_key(target, desk.now, None)
        shortened = pure.ending(keys, target, pure.after(desk.now, overlap_s))
        published = _save(desk, pure.added(shortened, made.entry))
    return _created(made, at_gateway=published, ending=old)


def revoke(desk: Desk, name: str, *, is_dry_run: bool) -> Revoked:
    """Take back the key of that id, or all keys of TENANT/APP; the gateway is told first."""
    with desk.store.hold():
        keys = read(desk)
        chosen = pure.named_keys(keys, name)
        ids = tuple(key.id for key in chosen if key.revoked is None)
        before = tuple(key.id for key in chosen if key.revoked is not None)
        if is_dry_run:
            return Revoked(ids, before, at_gateway=False, dry_run=True)
        denied = desk.gate.deny(ids)
        published = _save(desk, pure.revoked(keys, ids, desk.now))
    return Revoked(ids, before, at_gateway=denied or published)


def read(desk: Desk) -> KeysFile:
    """The declared keys; none when there is no file yet. Raises SpecError for a broken one."""
    text = desk.store.read()
    return KeysFile() if text is None else parse_keys(text, desk.name)


def refresh(desk: Desk) -> bool:
    """Hand the gateway what the file says now, whatever another run did in the meantime."""
    with desk.store.hold():
        return publish(desk, read(desk))


def publish(desk: Desk, keys: KeysFile, temporary: tuple[Key, ...] = ()) -> bool:
    """Hand the gateway the hashes, and the limits of tenants it has not heard of."""
    system = desk.gate.system_key_sha256()
    if system is None:
        return False
    _publish_tenants(desk, keys)
    return desk.gate.publish(KEYS_JSON, pure.keys_document(keys, system, desk.now, temporary))


def _publish_tenants(desk: Desk, keys: KeysFile) -> None:
    """Limits go first: a key without them would be refused."""
    text = desk.gate.published(POLICY_JSON)
    if text is None or not keys.tenants:
        return
    policy = json.loads(text)
    wanted = desk.policy_of(with_declared(desk.platform, keys))["tenants"]
    if not isinstance(wanted, dict):
        return
    declared = {tenant.name: wanted[tenant.name] for tenant in keys.tenants}
    policy["tenants"] = {**policy["tenants"], **declared}
    desk.gate.publish(POLICY_JSON, json.dumps(policy, indent=2, ensure_ascii=False) + "\n")


def _save(desk: Desk, keys: KeysFile) -> bool:
    desk.store.write(dump_keys(keys))
    return publish(desk, keys)


def _end(desk: Desk, lifetime_s: float | None) -> datetime | None:
    return None if lifetime_s is None else pure.after(desk.now, lifetime_s)


def _is_good(key: Key, now: datetime) -> bool:
    return pure.state_of(key, now) in {"live", "ending"}


def _created(made: MadeKey, *, at_gateway: bool, ending: tuple[str, ...] = ()) -> Created:
    entry = made.entry
    return Created(
        made.secret, entry.id, entry.tenant, entry.app, entry.expires, at_gateway, ending
    )
