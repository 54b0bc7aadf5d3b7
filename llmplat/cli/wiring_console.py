"""The composition root of `console`: the page's process, and who takes what a cap allows."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from llmplat.cli.run import Run
from llmplat.cli.wiring import Opened, open_platform
from llmplat.cli.wiring_gateway import change_book, desk_of, entrance
from llmplat.domain.errors import PreconditionError

if TYPE_CHECKING:
    from llmplat.apply.key_requests import Decided
    from llmplat.domain.console import RunningConsole


def serve(run: Run, opened: Opened, port: int) -> "AbstractContextManager[RunningConsole]":
    """The console of a platform that was started here; PreconditionError for any other."""
    from llmplat.adapters.environments import find_environment
    from llmplat.adapters.local_console import serve_console
    from llmplat.adapters.local_home import LocalHome
    from llmplat.catalog.runtimes import load_runtime

    way = entrance(run, opened)
    python = find_environment(load_runtime("litellm"), opened.cache)
    if python is None:
        raise PreconditionError(
            "The gateway's environment is not installed here.",
            "the console runs in it",
            ("llmplat up",),
        )
    home = LocalHome(opened.name, opened.state)
    home.make()
    return serve_console(python, home, way.url, port)


def show(url: str) -> bool:
    """Open `url` in a browser; False where there is none."""
    from llmplat.adapters.local_console import show_in_browser

    return show_in_browser(url)


def take_within_cap(run: Run, opened: Opened) -> "Decided | None":
    """Declare what waits and is within a cap; None where nothing waits.

    The files are opened anew each time: somebody may have edited them meanwhile.
    """
    from llmplat.apply.key_requests import approve_within_cap

    with change_book(run, opened) as book:
        if not book.open():
            return None
        return approve_within_cap(desk_of(open_platform(run)), book)
