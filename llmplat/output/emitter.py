"""Turns what a run says, named by intent, into the right stream, level and format."""

import itertools
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO, TypeVar

from llmplat.domain.errors import LlmplatError, UsageError
from llmplat.domain.units import format_duration
from llmplat.output import as_json, as_plain, as_sarif, errors
from llmplat.output.mask import Masker
from llmplat.output.run_log import RunLog
from llmplat.output.screen import LineScreen, LiveScreen, Screen, Transfer
from llmplat.output.settings import Format, Level
from llmplat.output.theme import is_terminal, theme_of
from llmplat.output.view import View

Report = TypeVar("Report")


@dataclass
class Streams:
    """Where a run writes and what its surroundings ask for."""

    out: TextIO
    err: TextIO
    env: Mapping[str, str] = field(default_factory=dict)


class Step:
    """A running step (a StepProgress); its last detail is shown with its outcome."""

    def __init__(self, emitter: "Emitter", key: int) -> None:
        self._emitter = emitter
        self.key = key
        self.last = ""
        self._transfer = Transfer()

    def advance(self, done_bytes: int, total_bytes: int | None) -> None:
        """Tell how far a transfer is, how fast and how long still."""
        self._emitter.step_news(self.key, self._transfer.text(done_bytes, total_bytes))
        self._emitter.event(
            "progress",
            step=self.key,
            doneBytes=done_bytes,
            totalBytes=total_bytes,
            bytesPerSecond=self._transfer.rate(done_bytes),
            secondsLeft=self._transfer.seconds_left(done_bytes, total_bytes),
        )

    def detail(self, text: str) -> None:
        """Tell the step's outcome, size or cause."""
        self.last = text
        self._emitter.step_news(self.key, text)


class Emitter:
    """The one voice of a run (a Progress): answers on stdout, the story on stderr."""

    def __init__(self, streams: Streams, log: RunLog, masker: Masker) -> None:
        self._streams = streams
        self._log = log
        self.masker = masker
        self.level = Level.BRIEF
        self.format = Format.HUMAN if is_terminal(streams.out) else Format.PLAIN
        self.color = True
        self._keys = itertools.count(1)
        self._running: list[int] = []
        self._notices: list[str] = []
        self._lines: Screen = LineScreen(streams.err)
        self._live: LiveScreen | None = None
        self._has_events = False
        self._lock = threading.RLock()

    # the answer

    def result(self, report: Report, view: View[Report], *, reveal: bool = False) -> None:
        """Write the answer; `reveal` lets a secret through that the user asked to be shown."""
        self._log.write("result", view.kind)
        text = "".join(self._answer(report, view))
        self._streams.out.write(text if reveal else self.masker.mask(text))
        self._streams.out.flush()

    def answer(self, text: str) -> None:
        """Write raw text of the answer (a stream of tokens, a script) to stdout."""
        self._streams.out.write(self.masker.mask(text))
        self._streams.out.flush()

    def _answer(self, report: Report, view: View[Report]) -> Iterator[str]:
        if self.format is Format.JSON:
            fields = view.document(report) if view.document else report
            data = as_json.document(view.kind, fields)
            if self._notices:
                data["notices"] = list(self._notices)
            yield as_json.dump(data)
        elif self.format is Format.SARIF:
            if view.findings is None:
                raise UsageError(
                    f"{view.kind} has no findings, so there is no SARIF of it.",
                    why="-o sarif is for `validate` and `gpu-fit`",
                    fix=("-o json",),
                )
            yield as_json.dump(as_sarif.make_document(view.findings(report)))
        elif self.format is Format.PLAIN:
            for line in as_plain.lines(view.plain(report)):
                yield line + "\n"
        else:
            theme = theme_of(self._streams.out, self._streams.env, color=self.color)
            for line in view.human(report, theme):
                yield line + "\n"

    # the story

    def tell_events(self) -> None:
        """With -o json tell the story too: one JSON object a line on stderr."""
        self._has_events = self.format is Format.JSON and self.level is not Level.QUIET

    def event(self, name: str, **fields: object) -> None:
        """One event of the story, where events are told."""
        if not self._has_events:
            return
        line = as_json.dump({"event": name, **fields}, indent=None)
        with self._lock:
            self._streams.err.write(self.masker.mask(line))
            self._streams.err.flush()

    @contextmanager
    def step(self, text: str) -> Iterator[Step]:
        """One step: a spinner on a terminal, one line with its outcome and time at its end."""
        step = Step(self, next(self._keys))
        started = time.monotonic()
        self._begin(step, text)
        outcome = "failed"
        try:
            yield step
            outcome = "ok"
        except KeyboardInterrupt:
            outcome = "stopped"
            raise
        finally:
            self._end(step, text, outcome, time.monotonic() - started)

    def step_news(self, key: int, text: str) -> None:
        """News of the running step `key`, shown only where something can move."""
        with self._lock:
            self._show().update(key, self.masker.mask(text))

    def note(self, text: str) -> None:
        """Something only a verbose run shows."""
        self._say("note", text, Level.VERBOSE)

    def warn(self, text: str) -> None:
        """Something every run shows; a JSON answer carries it as a notice."""
        self._notices.append(self.masker.mask(text))
        self._say("warn", f"warning: {text}", Level.QUIET, "warning")

    def hint(self, command: str) -> None:
        """A next step to take."""
        self._say("hint", f"next: {command}", Level.BRIEF, "next")

    def child(self, line: str) -> None:
        """A line of a child process: transient on a terminal, in full when verbose."""
        with self._lock:
            if self._running:
                self._show().update(self._running[-1], self.masker.mask(line.strip()))
        self._say("child", f"  | {line.rstrip()}", Level.VERBOSE)

    def error(self, error: LlmplatError) -> None:
        """Tell what failed, why and the fix; details and traceback in debug and in the log."""
        trace = "".join(traceback.format_exception(error))
        self._log.write("error", self.masker.mask(f"{error.code}: {error.what}\n{trace}"))
        if error.details:
            self._log.write("error", self.masker.mask(error.details))
        if self.format is Format.SARIF and not isinstance(error, UsageError):
            self.answer(as_json.dump(as_sarif.make_document(as_sarif.findings_of(error))))
        text = self._error_text(error, trace)
        self._streams.err.write(self.masker.mask(text))
        self._streams.err.flush()

    def _error_text(self, error: LlmplatError, trace: str) -> str:
        debug = self.level is Level.DEBUG
        if self.format is Format.JSON:
            notices = tuple(self._notices)
            data = errors.error_document(error, log=self._log.path, notices=notices, debug=debug)
            return as_json.dump(data, indent=None)
        theme = theme_of(self._streams.err, self._streams.env, color=self._story_color())
        quiet = self.level is Level.QUIET
        lines = list(errors.error_lines(error, theme, quiet=quiet, log=self._log.path))
        if debug:
            lines += [*(error.details or "").splitlines(), *trace.splitlines()]
        return "\n".join(lines) + "\n"

    # how it is shown

    def _begin(self, step: Step, text: str) -> None:
        with self._lock:
            self._running.append(step.key)
            self._log.write("begin", self.masker.mask(text))
            self.event("begin", step=step.key, text=text)
            if self._spins():
                self._go_live().begin(step.key, self.masker.mask(text))
            elif self._tells(Level.VERBOSE):
                self._line("waiting", self.masker.mask(f"{text} ..."))

    def _end(self, step: Step, text: str, outcome: str, took_s: float) -> None:
        tail = f" ({step.last})" if step.last else ""
        line = self.masker.mask(f"{text}{tail}  {format_duration(took_s)}")
        with self._lock:
            self._running.remove(step.key)
            self._log.write(outcome, line)
            self.event(
                "end", step=step.key, text=text, outcome=outcome, detail=step.last, tookS=took_s
            )
            self._show().end(step.key)
            if self._tells(Level.BRIEF):
                self._line(outcome, line)

    def _say(self, kind: str, text: str, at: Level, state: str | None = None) -> None:
        with self._lock:
            self._log.write(kind, self.masker.mask(text))
            self.event(kind, text=text)
            if self._tells(at):
                self._line(state, self.masker.mask(text))

    def _line(self, state: str | None, text: str) -> None:
        theme = theme_of(self._streams.err, self._streams.env, color=self._story_color())
        clock = time.strftime("%H:%M:%S ") if self.level is Level.DEBUG else ""
        sign = f"{theme.glyph(state)} " if state else ""
        word = f"{state}: " if state in {"failed", "stopped"} else ""
        self._show().line(f"{clock}{sign}{word}{text}")

    def _tells(self, at: Level) -> bool:
        if self._has_events or (self.format is Format.JSON and self.level < Level.VERBOSE):
            return False
        return self.level >= at

    def _spins(self) -> bool:
        if self.format is Format.JSON or self.level is not Level.BRIEF:
            return False
        return is_terminal(self._streams.err) and not self._streams.env.get("CI")

    def _story_color(self) -> bool:
        return self.color and self.format is Format.HUMAN

    def _show(self) -> Screen:
        """The lines until a spinner was needed: Rich is loaded for nothing else."""
        return self._live or self._lines

    def _go_live(self) -> Screen:
        if self._live is None:
            theme = theme_of(self._streams.err, self._streams.env, color=self._story_color())
            self._live = LiveScreen(self._streams.err, color=theme.color)
        return self._live
