"""Bypass attempts on what a tenant may ask of the gateway about itself: its account and its keys."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmplat.observe.attacks import Attack, Prey, Promise, Who, barred, wire

GROUP = "account and keys"

_BASE = "/llmplat/v1"
_CREATE = {"act": "create", "sha256": "0" * 64, "lifetime_s": 60}
_READS = ("account", "catalog", "key-changes")
_WISHES: dict[str, Mapping[str, Any]] = {
    "a key for another tenant": {**_CREATE, "tenant": "platform", "app": "system"},
    "a key for another app": {**_CREATE, "app": "system"},
    "a key that is approved": {**_CREATE, "state": "approved"},
    "a key of a chosen id": {**_CREATE, "made": "system"},
    "a key in another's name": {**_CREATE, "by": "system"},
    "a hash that is none": {**_CREATE, "sha256": "*"},
    "a life without bound": {**_CREATE, "lifetime_s": 10**15},
    "a life before its birth": {**_CREATE, "lifetime_s": -1},
    "the system key revoked": {"act": "revoke", "key": "system"},
    "the system key rotated": {**_CREATE, "act": "rotate", "key": "system"},
    "a deny entry elsewhere": {"act": "revoke", "key": "x:../spend"},
    "all keys revoked": {"act": "revoke", "key": "*"},
    "several keys revoked": {"act": "revoke", "key": ["system"]},
    "another's change withdrawn": {"act": "withdraw", "change": "c-000000000000"},
    "an act that is none": {"act": "approve", "change": "c-000000000000"},
    "an object for an act": {"act": {"create": True}},
}
_VERDICT = {"change": "c-000000000000", "state": "approved"}


def desk_attacks() -> Iterator[Attack]:
    """All of them."""
    for name, wish in _WISHES.items():
        yield _send(name, "key-changes", wish)
    yield _send("a verdict of one's own", "key-verdicts", _VERDICT)
    yield _send("a wish of 100 kB", "key-changes", {**_CREATE, "app": "x" * 100_000})
    yield _send("a wish at the account", "account", _CREATE)
    for path in _READS:
        yield _read(f"{path} of another tenant", f"{path}?tenant=platform")
        yield _read(f"{path} below", f"{path}/platform")
        for method in ("PUT", "DELETE", "PATCH"):
            yield _read(f"{method} {path}", path, method)
    for path in ("key-changes", "key-verdicts"):

        def stranger(prey: Prey, key: str, path: str = path) -> bytes:
            return wire(prey, key, path=f"{_BASE}/{path}", body=_CREATE)

        yield Attack(f"POST {path} without a key", GROUP, Who.NOBODY, Promise.SILENT, stranger)


def _send(name: str, path: str, wish: Mapping[str, Any]) -> Attack:
    return barred(name, GROUP, lambda prey, key: wire(prey, key, path=f"{_BASE}/{path}", body=wish))


def _read(name: str, path: str, method: str = "GET") -> Attack:
    return barred(
        name, GROUP, lambda prey, key: wire(prey, key, method=method, path=f"{_BASE}/{path}")
    )
