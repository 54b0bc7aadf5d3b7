"""`llmplat up` when all is well: the whole process, checks and a real answer included.

python tests/benchmarks/up_again.py [--runs 10] [--file platform.yaml]
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

_TARGET_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    command = [sys.executable, "-m", "llmplat", "up", "-o", "json"]
    command += ["--file", str(options.file)] if options.file else []
    subprocess.run(command, check=True, capture_output=True)
    times_s = [time_once(command) for _ in range(options.runs)]
    print(
        f"up when all is well: median {statistics.median(times_s):.2f} s, "
        f"slowest {max(times_s):.2f} s of {options.runs} (target {_TARGET_S} s)"
    )


def time_once(command: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
