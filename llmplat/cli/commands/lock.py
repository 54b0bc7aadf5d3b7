"""`llmplat lock`: pin what planning must know of the world."""

from typing import Annotated

import typer

from llmplat.cli.run import current


def command(
    ctx: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 8 when the lock would change.")
    ] = False,
) -> None:
    r"""Pin what planning must know of the world.

    Looks at every model where it is kept (its revision, files, hashes, tensor sizes and
    configuration; weights are not fetched) and at the shipped environments, and writes
    platform.lock.yaml beside the platform file. The same world gives the same bytes. A model with
    `package:` is published as an image first, unless the lock has the image of just these files.

    \b
    Examples:
      # after a change of models in platform.yaml
      llmplat lock
      # as a gate in CI
      llmplat lock --check
    """
    from llmplat.apply.lock import lock_platform
    from llmplat.cli.wiring import open_platform
    from llmplat.cli.wiring_lock import lock_tools
    from llmplat.domain.errors import ExitCode
    from llmplat.output.lock_view import LOCK

    run = current(ctx)
    opened = open_platform(run)
    report = lock_platform(
        opened.loaded.platform,
        str(opened.lock_file),
        lock_tools(run, opened),
        run.emitter,
        is_check=check,
    )
    run.emitter.result(report, LOCK)
    if check and report.is_changed:
        raise typer.Exit(ExitCode.CHANGES)
