"""A running platform -> nothing running; data stays unless a purge was confirmed."""

from dataclasses import dataclass

from llmplat.domain.ports import Progress, Substrate
from llmplat.domain.substrate import Left


@dataclass(frozen=True)
class DownReport:
    """What was stopped and removed (or would be), and what is left."""

    platform: str
    is_dry_run: bool
    stopped: tuple[str, ...]
    killed: tuple[str, ...]
    removed: tuple[str, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True)
class DownWish:
    """How far `down` is to go."""

    platform: str
    is_dry_run: bool = False
    is_purge: bool = False
    kept_files: tuple[Left, ...] = ()
    """The user's own files beside the platform file, named and never touched."""


def down(wish: DownWish, substrate: Substrate, progress: Progress) -> DownReport:
    """Stop what llmplat started, each part within its grace; safe to run twice.

    Raises:
        BusyError: another run holds the platform.
        NewerVersionError: a newer llmplat started it.
    """
    with substrate.claim("down"):
        result = substrate.down(progress, is_dry_run=wish.is_dry_run, is_purge=wish.is_purge)
    return DownReport(
        platform=wish.platform,
        is_dry_run=wish.is_dry_run,
        stopped=result.stopped,
        killed=result.killed,
        removed=result.removed,
        left=(*result.left, *wish.kept_files),
    )
