"""`llmplat --help` against an empty Typer app: median of paired, interleaved runs.

    python tests/benchmarks/help_time.py [PAIRS]

Never part of pass or fail; the bound it is held against is 1.5.
"""

import statistics
import subprocess
import sys
import time

_EMPTY = """
import typer
app = typer.Typer()
@app.command()
def main() -> None:
    '''An empty app.'''
app()
"""
_BARE = _EMPTY.replace("Typer()", "Typer(rich_markup_mode=None, pretty_exceptions_enable=False)")


def timed_s(*words: str) -> float:
    """Seconds of one process, start to end."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print medians and the ratios of the pairs."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    rows = [
        (
            timed_s("-m", "llmplat", "--help"),
            timed_s("-c", _EMPTY, "--help"),
            timed_s("-c", _BARE, "--help"),
        )
        for _ in range(pairs)
    ]
    ours, empty, bare = (statistics.median(column) for column in zip(*rows, strict=True))
    to_empty = statistics.median(row[0] / row[1] for row in rows)
    to_bare = statistics.median(row[0] / row[2] for row in rows)
    print(f"llmplat --help            {ours * 1000:6.0f} ms")
    print(f"empty Typer app           {empty * 1000:6.0f} ms   ratio {to_empty:.2f}")
    print(f"the same without Rich     {bare * 1000:6.0f} ms   ratio {to_bare:.2f}")


if __name__ == "__main__":
    main()
