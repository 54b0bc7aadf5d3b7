"""A folder and a number of bytes -> a plain refusal before the first of them is written."""

import errno
import shutil
from pathlib import Path

from llmplat.domain.errors import PreconditionError
from llmplat.domain.units import MIB, format_size

_SPARE_BYTES = 256 * MIB
"""Left free for everything else that writes to the same disk."""


def free_bytes(folder: Path) -> int:
    """Bytes that may still be written under `folder` (which need not exist yet)."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_space(folder: Path, need_bytes: int, what: str, *, fix: str) -> None:
    """Refuse when `folder`'s disk cannot take `need_bytes`; `what` names the thing to write.

    Raises:
        PreconditionError: with what is needed, what is free and how much is short.
    """
    free = free_bytes(folder)
    need = need_bytes + _SPARE_BYTES
    if free < need:
        raise disk_full(
            what,
            f"{format_size(need)} are needed ({format_size(need_bytes)} and "
            f"{format_size(_SPARE_BYTES)} to spare), {format_size(free)} are free at {folder}: "
            f"{format_size(need - free)} short",
            fix,
        )


def disk_full(what: str, why: str, fix: str) -> PreconditionError:
    """What to raise when the disk is, or would be, full."""
    return PreconditionError(f"There is too little disk space for {what}.", why=why, fix=(fix,))


def is_disk_full(error: OSError) -> bool:
    """Whether the system refused a write for want of space: disk, quota or file size limit."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
