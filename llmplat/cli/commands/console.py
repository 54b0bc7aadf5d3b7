"""`llmplat console`: the page of models and keys, served on this machine."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import Run, current
from llmplat.domain.errors import LlmplatError, SubstrateError

if TYPE_CHECKING:
    from llmplat.cli.wiring import Opened
    from llmplat.domain.console import RunningConsole

_LOOK_EVERY_S = 2.0


def command(
    ctx: typer.Context,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 4080,
    is_opened: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
) -> None:
    r"""Serve the page of models, spend and keys.

    Prints the address and serves it on 127.0.0.1 until Ctrl-C. Tenants sign in with a key: they see
    the models they may call, their spend and refusals, and ask for changes of their keys. While it
    runs, changes within a tenant's selfService are declared in keys.yaml as `llmplat keys approve
    --within-cap` does; the rest waits for `llmplat keys approve`.

    \b
    Examples:
      # serve it and look at it
      llmplat console --open
      # what waits for the platform's owner
      llmplat keys pending
    """
    from llmplat.cli import wiring, wiring_console
    from llmplat.output import console_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    with wiring_console.serve(run, opened, port) as console:
        run.emitter.result(console_view.ConsoleAddress(console.url), console_view.ADDRESS)
        run.emitter.hint("llmplat keys pending    (Ctrl-C ends the console)")
        if is_opened and not wiring_console.show(console.url):
            run.emitter.warn("no browser was found here; open the address yourself")
        try:
            _attend(run, opened, console)
        except KeyboardInterrupt:
            run.emitter.note("the console has ended")


def _attend(run: Run, opened: "Opened", console: "RunningConsole") -> None:
    """Take what caps allow until the page's process ends."""
    from llmplat.cli import wiring_console

    said = ""
    while console.is_alive():
        try:
            report = wiring_console.take_within_cap(run, opened)
            said = ""
        except LlmplatError as error:  # the gateway is away, or a file is being edited: go on
            report = None
            if error.what != said:
                said = error.what
                run.emitter.warn(f"no change of keys is taken: {error.what}")
        for one in report.changes if report is not None else ():
            run.emitter.note(f"{one.id}: {one.act} for {one.tenant}/{one.app}")
        time.sleep(_LOOK_EVERY_S)
    raise SubstrateError("The console has died.", None, (f"less {console.log}",))
