"""What `secrets list`, `seed` and `rotate` found and did; no value is in it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ListedSecret:
    """One secret as it stands."""

    name: str
    remote: str
    is_set: bool
    versions: int
    changed: str
    origin: str
    """generated or yours."""
    is_write_once: bool
    readers: tuple[str, ...]


@dataclass(frozen=True)
class SecretList:
    """All secrets of a platform."""

    platform: str
    place: str
    secrets: tuple[ListedSecret, ...]


@dataclass(frozen=True)
class SecretsSeeded:
    """What was made and what was there; `wanting` waits for a person."""

    platform: str
    place: str
    is_dry_run: bool
    made: tuple[str, ...]
    kept: tuple[str, ...]
    wanting: tuple[str, ...]


@dataclass(frozen=True)
class SecretRotated:
    """A value that was replaced, and who goes on with the old one until it is started again."""

    platform: str
    place: str
    is_dry_run: bool
    name: str
    version: int
    """0 in a dry run."""
    restarts: tuple[str, ...]
    commands: tuple[str, ...]
