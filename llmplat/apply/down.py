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


def down(
    platform: str, substrate: Substrate, progress: Progress, *, is_dry_run: bool, is_purge: bool
) -> DownReport:
    """Stop what llmplat started, each part within its grace; safe to run twice.

    Raises:
        BusyError: another run holds the platform.
        NewerVersionError: a newer llmplat started it.
    """
    with substrate.claim("down"):
        result = substrate.down(progress, is_dry_run=is_dry_run, is_purge=is_purge)
    return DownReport(
        platform=platform,
        is_dry_run=is_dry_run,
        stopped=result.stopped,
        killed=result.killed,
        removed=result.removed,
        left=result.left,
    )
