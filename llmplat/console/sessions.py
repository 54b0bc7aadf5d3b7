"""Keeps who is signed in, in memory only: a restart signs everybody out and leaves no key behind."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

IDLE_S = 1800
LONGEST_S = 8 * 3600
AT_MOST = 10_000
PER_TENANT = 20
"""A tenant that signs in over and over signs itself out, nobody else."""


@dataclass
class Session:
    """One signed-in browser."""

    key: str = field(repr=False)
    tenant: str
    app: str
    key_id: str
    token: str = field(repr=False)
    """Every form carries it; a page of somebody else's cannot know it."""
    began_s: float
    seen_s: float
    fresh: tuple[str, str] | None = field(default=None, repr=False)
    """Id and secret of a key just made; taken away by the page that shows it."""
    notice: str = ""

    def take_fresh(self) -> tuple[str, str] | None:
        """The new key, once."""
        fresh, self.fresh = self.fresh, None
        return fresh

    def take_notice(self) -> str:
        """What the last act came to, once."""
        notice, self.notice = self.notice, ""
        return notice


class Sessions:
    """Sessions by the hash of their cookie: who reads this memory's index can sign in as nobody."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_hash: OrderedDict[str, Session] = OrderedDict()

    def begin(self, key: str, tenant: str, app: str, key_id: str) -> str:
        """A new session; returns the cookie's value, which is always a new one."""
        cookie = secrets.token_urlsafe(32)
        now = self._clock()
        token = secrets.token_urlsafe(32)
        self._by_hash[_hash(cookie)] = Session(key, tenant, app, key_id, token, now, now)
        self._make_room(tenant)
        return cookie

    def _make_room(self, tenant: str) -> None:
        mine = [name for name, one in self._by_hash.items() if one.tenant == tenant]
        for name in mine[: max(0, len(mine) - PER_TENANT)]:
            del self._by_hash[name]
        while len(self._by_hash) > AT_MOST:
            self._by_hash.popitem(last=False)

    def find(self, cookie: str | None, *, is_seen: bool = True) -> Session | None:
        """The session of `cookie`; None when there is none, or it lay idle or lasted too long.

        With `is_seen` off it was a page that asks by itself, which keeps nobody signed in.
        """
        if not cookie or len(cookie) > 100:
            return None
        name = _hash(cookie)
        session = self._by_hash.get(name)
        if session is None:
            return None
        now = self._clock()
        if now - session.seen_s > IDLE_S or now - session.began_s > LONGEST_S:
            del self._by_hash[name]
            return None
        if is_seen:
            session.seen_s = now
        self._by_hash.move_to_end(name)
        return session

    def end(self, cookie: str | None) -> None:
        """Forgets the session and the key in it."""
        if cookie:
            self._by_hash.pop(_hash(cookie), None)


def is_same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
