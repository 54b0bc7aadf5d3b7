"""Turns running steps into what a person sees while they run: nothing, or live lines."""

import time
from collections.abc import Callable
from typing import Protocol, TextIO

from llmplat.domain.units import format_duration, format_size

_TELLING_S = 1.0
"""Before it a rate says nothing."""


class Screen(Protocol):
    """Where finished lines go and running steps are shown."""

    def line(self, text: str) -> None:
        """One finished line."""
        ...

    def begin(self, key: int, text: str) -> None:
        """A step starts."""
        ...

    def update(self, key: int, detail: str) -> None:
        """The running step `key` has news."""
        ...

    def end(self, key: int) -> None:
        """The step `key` is over; its line follows through `line`."""
        ...


class LineScreen:
    """For pipes, files and CI: finished lines only."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def line(self, text: str) -> None:
        """Write and flush one line."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def begin(self, key: int, text: str) -> None:
        """Nothing moves here."""

    def update(self, key: int, detail: str) -> None:
        """Nothing moves here."""

    def end(self, key: int) -> None:
        """Nothing moves here."""


class LiveScreen:
    """For a terminal: a spinner per running step, gone when the step is over."""

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        from rich.console import Console  # noqa: PLC0415 (Rich costs more than most commands)
        from rich.progress import (  # noqa: PLC0415 (as above)
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        self._console = Console(
            file=stream, no_color=not color, highlight=False, markup=False, soft_wrap=True
        )
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[detail]}", markup=False, style="dim"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[int, int] = {}

    def line(self, text: str) -> None:
        """One finished line above the spinners."""
        from rich.text import Text  # noqa: PLC0415 (as above)

        self._console.print(Text.from_ansi(text), soft_wrap=True)

    def begin(self, key: int, text: str) -> None:
        """Show a spinner for a step."""
        self._tasks[key] = self._progress.add_task(text, total=None, detail="")
        self._progress.start()

    def update(self, key: int, detail: str) -> None:
        """Show the news behind the spinner."""
        if key in self._tasks:
            self._progress.update(self._tasks[key], detail=detail[:60])  # type: ignore[arg-type]  # TaskID is an int at run time

    def end(self, key: int) -> None:
        """Take the spinner away; the last one stops the drawing."""
        if key not in self._tasks:
            return
        self._progress.remove_task(self._tasks.pop(key))  # type: ignore[arg-type]  # as above
        if not self._tasks:
            self._progress.stop()


class Transfer:
    """The bytes of one transfer as they come -> how far it is, how fast, and how long it will take."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first: tuple[float, int] | None = None

    def rate(self, done_bytes: int) -> float | None:
        """Bytes per second since the first call; None while that is too short to tell."""
        if self._first is None:
            self._first = (self._now(), done_bytes)
        began, bytes_then = self._first
        took_s = self._now() - began
        return (done_bytes - bytes_then) / took_s if took_s >= _TELLING_S else None

    def seconds_left(self, done_bytes: int, total_bytes: int | None) -> float | None:
        """At the rate so far; None where nothing can be said."""
        rate = self.rate(done_bytes)
        return (total_bytes - done_bytes) / rate if rate and total_bytes is not None else None

    def text(self, done_bytes: int, total_bytes: int | None) -> str:
        """For people: "1.5 MiB of 3.0 MiB, 512.0 KiB/s, 3.0 s left"."""
        words = [transfer_text(done_bytes, total_bytes)]
        rate, left_s = self.rate(done_bytes), self.seconds_left(done_bytes, total_bytes)
        if rate is not None:
            words.append(f"{format_size(round(rate))}/s")
        if left_s is not None:
            words.append(f"{format_duration(left_s)} left")
        return ", ".join(words)


def transfer_text(done_bytes: int, total_bytes: int | None) -> str:
    """How far a transfer is: "1.5 MiB of 3.0 MiB"."""
    if total_bytes is None:
        return format_size(done_bytes)
    return f"{format_size(done_bytes)} of {format_size(total_bytes)}"
