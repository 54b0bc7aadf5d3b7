"""Turns wishes about keys into the next keys file and the gateway's list of hashes."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches

from llmplat.domain.errors import InputError
from llmplat.spec.keys import Key, KeysFile, KeysTenant
from llmplat.spec.platform import Platform
from llmplat.spec.tenant import PLATFORM_TENANT

PREFIX = "sk-llmplat-"
KEYS_JSON = "keys.json"
_SECRET_BYTES = 32
_ID_BYTES = 4


@dataclass(frozen=True)
class Target:
    """One app of one tenant, as TENANT/APP."""

    tenant: str
    app: str

    def __str__(self) -> str:
        return f"{self.tenant}/{self.app}"


@dataclass(frozen=True)
class MadeKey:
    """A new key; `secret` is shown once and kept nowhere."""

    entry: Key
    secret: str = field(repr=False)


def parse_target(text: str) -> Target:
    """The tenant and app of "TENANT/APP"; InputError for anything else."""
    tenant, slash, app = text.partition("/")
    if not (tenant and slash and app) or "/" in app:
        raise InputError(
            f"{text!r} does not name an app.",
            why="a key belongs to one app of one tenant, written TENANT/APP",
            fix=("llmplat keys create demo/app",),
        )
    return Target(tenant, app)


def check_target(platform: Platform, target: Target) -> None:
    """InputError when `platform` has no such tenant or app, with the nearest name."""
    names = {tenant.name: [app.name for app in tenant.apps] for tenant in platform.tenants}
    if target.tenant == PLATFORM_TENANT and PLATFORM_TENANT not in names:
        raise InputError(
            f"The tenant {PLATFORM_TENANT!r} is llmplat's own.",
            why="its keys are made and kept by llmplat itself",
            fix=("name a tenant of the platform file", "llmplat plan"),
        )
    if target.tenant not in names:
        raise _unknown("tenant", target.tenant, target, list(names))
    if target.app not in names[target.tenant]:
        raise _unknown("app", target.app, target, names[target.tenant])


def declare(keys: KeysFile, platform: Platform, target: Target) -> KeysFile:
    """`keys` with the target's tenant and app declared, where the platform lacks them."""
    known = {tenant.name: {app.name for app in tenant.apps} for tenant in platform.tenants}
    if target.tenant == PLATFORM_TENANT or target.app in known.get(target.tenant, set()):
        return keys
    declared = {tenant.name: tenant for tenant in keys.tenants}
    before = declared.get(target.tenant, KeysTenant(name=target.tenant))
    declared[target.tenant] = KeysTenant(name=before.name, apps=(*before.apps, target.app))
    return keys.model_copy(update={"tenants": tuple(declared.values())})


def make_key(target: Target, now: datetime, expires: datetime | None) -> MadeKey:
    """A new random key for `target`, made at `now`."""
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    entry = Key(
        id=f"k-{secrets.token_hex(_ID_BYTES)}",
        tenant=target.tenant,
        app=target.app,
        sha256=hashlib.sha256(secret.encode()).hexdigest(),
        created=now,
        expires=expires,
    )
    return MadeKey(entry, secret)


def added(keys: KeysFile, entry: Key) -> KeysFile:
    """`keys` with one more."""
    return keys.model_copy(update={"keys": (*keys.keys, entry)})


def ending(keys: KeysFile, target: Target, at: datetime) -> KeysFile:
    """`keys` where all live keys of `target` end at `at`, or earlier where they did before."""
    return _mapped(
        keys,
        lambda key: (
            key.model_copy(update={"expires": min(key.expires or at, at)})
            if is_of(key, target) and key.revoked is None
            else key
        ),
    )


def ending_one(keys: KeysFile, key_id: str, at: datetime) -> KeysFile:
    """`keys` where that one ends at `at`, or earlier where it did before."""
    return _mapped(
        keys,
        lambda key: (
            key.model_copy(update={"expires": min(key.expires or at, at)})
            if key.id == key_id and key.revoked is None
            else key
        ),
    )


def revoked(keys: KeysFile, ids: Iterable[str], at: datetime) -> KeysFile:
    """`keys` where those of `ids` are taken back; what was before stays as it was."""
    chosen = set(ids)
    return _mapped(
        keys,
        lambda key: (
            key.model_copy(update={"revoked": at})
            if key.id in chosen and key.revoked is None
            else key
        ),
    )


def named_keys(keys: KeysFile, name: str) -> tuple[Key, ...]:
    """The keys that `name` (an id or TENANT/APP) means; InputError when there are none."""
    if "/" in name:
        found = tuple(key for key in keys.keys if is_of(key, parse_target(name)))
    else:
        found = tuple(key for key in keys.keys if key.id == name)
    if found:
        return found
    names = [*(key.id for key in keys.keys), *(f"{key.tenant}/{key.app}" for key in keys.keys)]
    near = get_close_matches(name, names, n=1)
    raise InputError(
        f"There is no key {name!r}.",
        why=f"nearest: {near[0]}" if near else "no key of that id or app is declared",
        fix=(*(f"llmplat keys revoke {n}" for n in near), "llmplat keys list"),
    )


def is_of(key: Key, target: Target) -> bool:
    """Whether `key` belongs to `target`."""
    return (key.tenant, key.app) == (target.tenant, target.app)


def state_of(key: Key, now: datetime) -> str:
    """What `key` is at `now`: live, ending, expired or revoked."""
    if key.revoked is not None:
        return "revoked"
    if key.expires is None:
        return "live"
    return "ending" if key.expires > now else "expired"


def keys_document(
    keys: KeysFile, system_key_sha256: str, now: datetime, temporary: Iterable[Key] = ()
) -> str:
    """The gateway's keys.json: hashes of the keys that are good at `now`, the system key first."""
    system = {
        "id": "system",
        "sha256": system_key_sha256,
        "tenant": PLATFORM_TENANT,
        "app": "system",
        "created": None,
        "expires": None,
    }
    good = [k for k in (*keys.keys, *temporary) if state_of(k, now) in {"live", "ending"}]
    return json.dumps({"keys": [system, *map(_entry, good)]}, indent=1) + "\n"


def _entry(key: Key) -> dict[str, str | None]:
    data = key.model_dump(mode="json", include={"id", "sha256", "tenant", "app", "created"})
    expires = key.model_dump(mode="json", include={"expires"})["expires"]
    return {**data, "expires": expires}


def after(now: datetime, seconds: float) -> datetime:
    """The moment `seconds` behind `now`, to the second."""
    return (now + timedelta(seconds=seconds)).replace(microsecond=0)


def _mapped(keys: KeysFile, change: Callable[[Key], Key]) -> KeysFile:
    return keys.model_copy(update={"keys": tuple(change(key) for key in keys.keys)})


def _unknown(kind: str, name: str, target: Target, known: list[str]) -> InputError:
    there = ", ".join(known) or f"no {kind} at all"
    near = [_corrected(kind, right, target) for right in get_close_matches(name, known, n=1)]
    place = f"in tenant {target.tenant!r}" if kind == "app" else "in this platform"
    return InputError(
        f"There is no {kind} {name!r} {place}.",
        why=f"there is: {there}",
        fix=(
            *(f"llmplat keys create {right}" for right in near),
            f"llmplat keys create {target} --create-tenant",
        ),
    )


def _corrected(kind: str, right: str, target: Target) -> Target:
    return Target(right, target.app) if kind == "tenant" else Target(target.tenant, right)
