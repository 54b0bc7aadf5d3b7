"""Turns running steps into what a person sees while they run: nothing, or live lines."""

from typing import Protocol, TextIO

from llmplat.domain.units import format_size


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


def transfer_text(done_bytes: int, total_bytes: int | None) -> str:
    """How far a transfer is: "1.5 MiB of 3.0 MiB"."""
    if total_bytes is None:
        return format_size(done_bytes)
    return f"{format_size(done_bytes)} of {format_size(total_bytes)}"
