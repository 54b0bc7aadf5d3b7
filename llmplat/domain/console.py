"""A console that runs, as a command sees it."""

from typing import Protocol


class RunningConsole(Protocol):
    """The page's process."""

    @property
    def url(self) -> str:
        """Where it answers."""
        ...

    @property
    def log(self) -> str:
        """Path of its log."""
        ...

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        ...
