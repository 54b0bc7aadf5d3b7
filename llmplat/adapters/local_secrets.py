"""A platform's secrets: made once, kept in 0600 files, named everywhere else."""

import secrets
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole

ENGINE_KEY = "engine-key"
REDIS_PASSWORD = "redis-password"  # noqa: S105 (the name of a file)
MASTER_KEY = "litellm-master-key"
SYSTEM_KEY = "system-key"
REDIS_AUTH = "redis-auth.conf"
GENERATED = (ENGINE_KEY, REDIS_PASSWORD, MASTER_KEY, SYSTEM_KEY)
_PREFIXES = {MASTER_KEY: "sk-", SYSTEM_KEY: "sk-llmplat-"}
_KEY_BYTES = 32
"""43 characters of URL-safe base64."""


def ensure_secrets(folder: Path) -> tuple[str, ...]:
    """Make the secrets that `folder` lacks; returns the names of those made now."""
    made = tuple(name for name in GENERATED if not _is_kept(folder / name))
    for name in made:
        value = _PREFIXES.get(name, "") + secrets.token_urlsafe(_KEY_BYTES)
        write_whole(folder / name, f"{value}\n".encode())
    password = read_secret(folder, REDIS_PASSWORD)
    write_whole(folder / REDIS_AUTH, f"requirepass {password}\n".encode())
    return made


def read_secret(folder: Path, name: str) -> str:
    """The value of secret `name`; FileNotFoundError when it was never made."""
    return (folder / name).read_text().strip()


def _is_kept(path: Path) -> bool:
    if not path.is_file() or not path.read_text().strip():
        return False
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return True
