"""One command line, run in this process with stdout and stderr apart."""

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmplat.cli.app import run_command


@dataclass(frozen=True)
class Ran:
    """What one run of llmplat left behind."""

    code: int
    out: str
    err: str


class Stream(io.StringIO):
    """A stream that may claim to be a terminal."""

    encoding = "utf-8"
    is_tty = False

    def isatty(self) -> bool:
        return self.is_tty


Llmplat = Callable[..., Ran]


@pytest.fixture
def llmplat(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Llmplat:
    """Run `llmplat WORDS...` in an empty folder with a state and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LLMPLAT_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LLMPLAT_CACHE_HOME", str(tmp_path / "cache"))

    def run(*words: str, terminal: bool = False, stdin: str = "") -> Ran:
        out, err = Stream(), Stream()
        out.is_tty = err.is_tty = terminal
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            code = run_command(words)
        return Ran(code, out.getvalue(), err.getvalue())

    return run


def all_subclasses(kind: type) -> Sequence[type]:
    direct = kind.__subclasses__()
    return [*direct, *(deeper for child in direct for deeper in all_subclasses(child))]
