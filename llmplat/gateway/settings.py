"""Turns the folder with policy.json and keys.json into the policy and keys of this moment."""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from llmplat.gateway.policy import SYSTEM, Key, Policy
from llmplat.gateway.policy_files import parse_keys, parse_policy

_LOOK_EVERY_S = 0.1
_log = logging.getLogger("llmplat.gateway")

_T = TypeVar("_T")


class WatchedFile(Generic[_T]):
    """One JSON file, read again when it changes; the last good value stays when it breaks."""

    def __init__(self, path: Path, parse: Callable[[dict[str, Any]], _T]) -> None:
        self._path = path
        self._parse = parse
        self._mark: tuple[int, int, int] | None = None
        self.value: _T | None = None

    def look(self) -> None:
        """Reads the file when its mark (inode, time, size) is new."""
        try:
            stat = self._path.stat()
        except OSError:
            return
        mark = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if mark == self._mark:
            return
        self._mark = mark
        try:
            self.value = self._parse(json.loads(self._path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            _log.exception("%s is broken: the last good one stays in force", self._path.name)


class Settings:
    """The current policy and keys; each property looks at the disk at most every 100 ms."""

    def __init__(self, folder: Path, system_key: str | None = None) -> None:
        self._policy = WatchedFile[Policy](folder / "policy.json", parse_policy)
        self._keys = WatchedFile[dict[str, Key]](folder / "keys.json", parse_keys)
        self._own = make_system_key(system_key) if system_key else {}
        self._looked_s = float("-inf")

    def refresh(self) -> None:
        """Looks at both files when the last look is old enough."""
        now = time.monotonic()
        if now - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now
            self._policy.look()
            self._keys.look()

    @property
    def policy(self) -> Policy | None:
        """The policy in force, None when none was ever good."""
        return self._policy.value

    @property
    def keys(self) -> dict[str, Key]:
        """The keys in force, by hash; the platform's own among them where it was given."""
        declared = self._keys.value or {}
        return {**declared, **self._own} if self._own else declared


def make_system_key(key: str) -> dict[str, Key]:
    """The platform's own key by its hash: where a file is made before the key, no file holds it."""
    tenant, app = SYSTEM
    return {hashlib.sha256(key.encode()).hexdigest(): Key("system", tenant, app, None)}
