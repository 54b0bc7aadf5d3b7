"""Turns the shared options into one value that a command receives: where to look, how to speak."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import typer

from llmplat.output.emitter import Emitter, Streams
from llmplat.output.mask import Masker
from llmplat.output.run_log import RunLog


@dataclass
class Run:
    """One invocation; `run.emitter` is the voice and the stages' `Progress`."""

    emitter: Emitter
    log: RunLog
    file: Path | None = None
    """The platform file the user named; None: ./platform.yaml, else the embedded default."""
    env: dict[str, str] = field(default_factory=dict)


def new_run(verb: str) -> Run:
    """A run of `verb` on this process's streams and environment."""
    env = dict(os.environ)
    log = RunLog(state_home(env) / ".runs", verb)
    emitter = Emitter(Streams(sys.stdout, sys.stderr, env), log, Masker())
    return Run(emitter=emitter, log=log, env=env)


def current(ctx: typer.Context) -> Run:
    """The run `ctx` belongs to."""
    return cast("Run", ctx.find_root().obj)


def confirmation() -> Callable[[str], bool] | None:
    """Asks yes or no on stderr; None where no person is at a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or os.environ.get("CI"):
        return None
    return lambda question: bool(typer.confirm(question, default=False, err=True))


def state_home(env: dict[str, str]) -> Path:
    """Where llmplat keeps what it runs: LLMPLAT_STATE_HOME, else the XDG state folder."""
    named = env.get("LLMPLAT_STATE_HOME")
    if named:
        return Path(named).absolute()
    return Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "llmplat"


def cache_home(env: dict[str, str]) -> Path:
    """Where llmplat keeps what it can fetch again: LLMPLAT_CACHE_HOME, else the XDG cache."""
    named = env.get("LLMPLAT_CACHE_HOME")
    if named:
        return Path(named).absolute()
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmplat"
