"""llmplat as a process that is killed in the middle of a write: BYTES that come before, words."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from llmplat.adapters.file_repair import Repair
from llmplat.cli.app import run_command


def die_after(left_bytes: int) -> None:
    """Nothing is written beyond so many bytes of blobs: the process ends there by SIGKILL."""
    write = Repair._write
    left = [left_bytes]

    def write_or_die(file: Repair, content: memoryview, start: int) -> None:
        write(file, content[: left[0]], start)
        left[0] -= len(content)
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    Repair._write = write_or_die


if __name__ == "__main__":
    die_after(int(sys.argv[1]))
    sys.exit(run_command(sys.argv[2:]))
