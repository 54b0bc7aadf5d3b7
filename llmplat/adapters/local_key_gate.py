"""The local gateway's files and counters, as far as keys go (a KeyGate)."""

import hashlib
from collections.abc import Sequence

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_secrets import REDIS_PASSWORD, SYSTEM_KEY, read_secret

_TIMEOUT_S = 3.0
_DENIED_FOR_S = 30 * 24 * 3600
"""Longer than any file takes to follow; the file itself refuses the key for good."""


class LocalKeyGate:
    """The gateway whose state is at `home`."""

    def __init__(self, home: LocalHome) -> None:
        self._home = home

    def system_key_sha256(self) -> str | None:
        """Hash of the system key; None when the platform was never started."""
        try:
            key = read_secret(self._home.secrets, SYSTEM_KEY)
        except OSError:
            return None
        return hashlib.sha256(key.encode()).hexdigest()

    def publish(self, name: str, text: str) -> bool:
        """Replace a file the gateway re-reads; False when there is no gateway folder."""
        if not self._home.config_dir.is_dir():
            return False
        write_whole(self._home.config_dir / name, text.encode())
        return True

    def published(self, name: str) -> str | None:
        """The file as the gateway has it; None when there is none."""
        try:
            return (self._home.config_dir / name).read_text(encoding="utf-8")
        except OSError:
            return None

    def deny(self, key_ids: Sequence[str]) -> bool:
        """Write deny entries into the counters; False when they cannot be reached."""
        from redis import Redis, RedisError  # noqa: PLC0415 (most acts on keys need no Redis)

        if not self._home.redis_socket.exists():
            return False
        prefix = f"llmplat:{{{self._home.platform}}}:deny:"
        try:
            password = read_secret(self._home.secrets, REDIS_PASSWORD)
            with Redis(
                unix_socket_path=str(self._home.redis_socket),
                password=password,
                socket_timeout=_TIMEOUT_S,
            ) as redis:
                for key_id in key_ids:
                    redis.set(f"{prefix}{key_id}", "revoked", ex=_DENIED_FOR_S)
        except (OSError, RedisError):
            return False
        return True
