"""`llmplat mirror`: everything a platform fetches, listed, copied into a mirror, and looked for there."""

from pathlib import Path
from typing import Annotated

import typer

from llmplat.cli.run import current
from llmplat.domain.errors import ExitCode

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="KIND", help="chart, image, model, packages or files; may be repeated."
    ),
]
_PlainHttp = Annotated[
    bool, typer.Option("--plain-http", help="Without TLS (on this machine it needs no flag).")
]


@app.callback()
def _mirror() -> None:
    """List, copy and check what a platform fetches.

    With `mirror` in the platform file every chart, image, model and Python package comes from there:
    a registry for a cluster, a folder for this machine.
    """


@app.command("list")
def list_(ctx: typer.Context, only: _Only = None) -> None:
    r"""List everything the platform fetches, with digests.

    Asks nobody: what the lock does not pin has no digest yet, and is said to have none.

    \b
    Examples:
      # for people, and for a script
      llmplat mirror list
      llmplat mirror list -o json
    """
    from llmplat.cli import wiring, wiring_mirror
    from llmplat.output import mirror_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    things = wiring_mirror.things_of(opened, kinds=only or ())
    run.emitter.result(mirror_view.Listed(things), mirror_view.LISTED)


@app.command("copy")
def copy(  # noqa: PLR0913, PLR0917 (options)
    ctx: typer.Context,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="PLACE",
            help="A folder (/srv/mirror, ./mirror) or a registry (host/path) [the file's mirror].",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Copy from a folder that was filled before."),
    ] = None,
    only: _Only = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, max=32, help="Things copied at once into a registry.")
    ] = 4,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be copied; copy nothing.")
    ] = False,
    plain_http: _PlainHttp = False,
) -> None:
    r"""Fill a registry or a folder with all of it.

    What is there by its digest is not copied again. Images come with every platform, charts of web
    servers as OCI charts, signatures with what they sign. Interrupted, the same command goes on.

    \b
    Examples:
      # into the registry that the platform file names
      llmplat mirror copy
      # onto a disk, and from the disk into a registry behind the gap
      llmplat mirror copy --to /media/disk/mirror
      llmplat mirror copy --from /media/disk/mirror

    \b
    Exit codes:
      0  all of it is there
      1  some could not be copied
    """
    from llmplat.apply.mirror_copy import copy_things
    from llmplat.cli import wiring, wiring_mirror
    from llmplat.cli.wiring_images import stopping
    from llmplat.output import mirror_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    target = wiring_mirror.target_of(opened, to)
    things = wiring_mirror.things_of(opened, target, only or ())
    if not dry_run:
        wiring_mirror.prepare(run, target)
    tools = wiring_mirror.copy_tools(run, opened, target, source, jobs=jobs, plain_http=plain_http)
    with stopping():
        report = copy_things(things, target.name, tools, run.emitter, is_dry_run=dry_run)
    run.emitter.result(report, mirror_view.COPIED)
    if report.of("failed"):
        raise typer.Exit(ExitCode.FAILED)


@app.command("verify")
def verify(
    ctx: typer.Context,
    place: Annotated[
        str | None,
        typer.Option("--in", metavar="PLACE", help="A folder or a registry [the file's mirror]."),
    ] = None,
    only: _Only = None,
) -> None:
    r"""Say what is missing in the mirror, or is not what the lock pins.

    Every name is looked up, its digest compared with the lock, and every part below it looked for.

    \b
    Exit codes:
      0  all of it is there
      6  something is missing or another
    """
    from llmplat.cli import wiring, wiring_mirror
    from llmplat.output import mirror_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    target = wiring_mirror.target_of(opened, place)
    things = wiring_mirror.things_of(opened, target, only or ())
    report = wiring_mirror.look(run, opened, target, things, is_quick=False)
    run.emitter.result(report, mirror_view.VERIFIED)
    if report.bad:
        raise typer.Exit(ExitCode.FINDINGS)
