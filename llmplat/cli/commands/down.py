"""`llmplat down`: stop what llmplat started."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.options import A_MONTH_S
from llmplat.cli.run import Run, current
from llmplat.domain.errors import InputError

if TYPE_CHECKING:
    from llmplat.cli.wiring import Opened
    from llmplat.domain.substrate import Left


def command(  # noqa: PLR0913, PLR0917 (one parameter is one flag)
    ctx: typer.Context,
    purge: Annotated[
        bool,
        typer.Option("--purge", help="Also remove the state: spend, secrets, logs; asks first."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Answer the question, for scripts.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be stopped and left.")
    ] = False,
    delete_volume: Annotated[
        list[str] | None,
        typer.Option(
            "--delete-volume",
            metavar="NAMESPACE/NAME",
            help="On a cluster: a volume whose data goes too; give it once for each.",
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="Another context than the file's."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            min=1,
            max=A_MONTH_S,
            metavar="SECONDS",
            help="On a cluster: how long a step may take.",
        ),
    ] = 600.0,
) -> None:
    r"""Stop what llmplat started.

    Each part gets its grace to finish, then it is ended. Spend, keys, secrets and logs stay, and
    so do environments and models in the cache: the command names them with their sizes. Running it
    twice is safe, and it works when the supervisor is gone.

    On a cluster it names the context and the server, asks for the platform's name, and removes
    what llmplat owns there: 1. routes, gateways and load balancers, and waits until they are gone;
    2. the volumes named by --delete-volume; 3. the Applications, the last wave first; 4. Argo CD
    where llmplat installed it; 5. its own records. What is not its own, it never touches. What
    stays is listed with what it costs. Where an object does not go, it says which one and who
    holds it, and exits with 7; run again, it goes on from there.

    \b
    Examples:
      # stop, keep everything
      llmplat down
      # stop and forget this platform, without a question
      llmplat down --purge --yes
      # a cluster: everything that would go and stay
      llmplat down -f platform.yaml --dry-run
    """
    from llmplat.apply.down import DownWish, down
    from llmplat.cli import wiring, wiring_local
    from llmplat.cli.cluster_down_run import ClusterDownFlags, run_cluster_down
    from llmplat.cli.wiring_substrate import Ground, ground_of
    from llmplat.output import down_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    if ground_of(opened) is not Ground.LOCAL:
        flags = ClusterDownFlags(
            dry_run, yes, purge, frozenset(delete_volume or ()), context, timeout
        )
        run_cluster_down(run, opened, flags)
        return
    if purge and not yes and not dry_run:
        _confirm(run, opened.name)
    wish = DownWish(opened.name, dry_run, purge, _kept_files(opened))
    report = down(wish, wiring_local.substrate(opened), run.emitter)
    run.emitter.result(report, down_view.VIEW)


def _kept_files(opened: "Opened") -> "tuple[Left, ...]":
    """Lock and keys where they lie beside the user's platform file."""
    from llmplat.domain.substrate import Left

    beside = {"lock": opened.lock_file, "keys (hashes)": opened.keys_file}
    return tuple(
        Left(what, str(path), path.stat().st_size)
        for what, path in beside.items()
        if path.is_file() and not path.is_relative_to(opened.state)
    )


def _confirm(run: Run, name: str) -> None:
    """Raises InputError unless the platform's name is typed, or there is nobody to ask."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            "--purge removes spend, secrets and logs and needs a yes.",
            "there is no terminal to ask on",
            ("llmplat down --purge --yes",),
        )
    run.emitter.warn(f"this forgets all spend, secrets and logs of {name}")
    sys.stderr.write(f"Type the platform's name ({name}) to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != name:
        raise InputError(
            "The name typed is not the platform's.", "nothing was stopped", ("llmplat down",)
        )
