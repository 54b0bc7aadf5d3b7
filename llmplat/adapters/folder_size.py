"""A folder -> how many bytes its files have together."""

import os
from contextlib import suppress
from pathlib import Path


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below `folder`, links as such; what goes away meanwhile counts nothing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(Path(root) / name).st_size
    return total
