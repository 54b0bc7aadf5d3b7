"""`llmplat secrets`: list, seed and rotate the secrets of a platform on a cluster."""

import sys
from typing import Annotated

import typer

from llmplat.cli.run import Run, current
from llmplat.domain.errors import ExitCode

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The secret, as `list` shows it.")]
_Stdin = Annotated[
    bool, typer.Option("--stdin", help="Read the value from standard input (asks on a terminal).")
]
_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")
]


@app.callback()
def _secrets() -> None:
    """List, seed and rotate secrets of a cluster.

    Values are in Secret Manager or in Secrets of the cluster, as substrate.secretBackend says. They
    are generated or read from standard input; no argument, file, state or log ever holds one.
    """


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """List all secrets: whether they are set, since when, who reads them.

    Values are never read.
    """
    from llmplat.apply.secrets import list_secrets
    from llmplat.cli import wiring_secrets
    from llmplat.output import secrets_view

    run = current(ctx)
    plan, backend = wiring_secrets.open_secrets(run)
    run.emitter.result(list_secrets(plan, backend), secrets_view.LISTED)


@app.command("seed")
def seed(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One secret; without it all of them.")
    ] = None,
    stdin: _Stdin = False,
    dry_run: _DryRun = False,
) -> None:
    r"""Make the secrets that are missing; what is there stays.

    Keys and passwords between the platform's own parts are generated. Those that others issued are
    read from standard input, one at a time.

    \b
    Examples:
      # everything that can be generated
      llmplat secrets seed
      # the key of an outside service
      llmplat secrets seed fallback-key --stdin < key.txt

    \b
    Exit codes:
      0  all secrets named have a value
      5  some wait for a value from you
    """
    from llmplat.apply.secrets import seed_secrets
    from llmplat.cli import wiring_secrets
    from llmplat.output import secrets_view

    run = current(ctx)
    plan, backend = wiring_secrets.open_secrets(run)
    value = _read(run) if stdin else None
    report = seed_secrets(plan, backend, name, value, is_dry_run=dry_run)
    run.emitter.result(report, secrets_view.SEEDED)
    if report.wanting:
        raise typer.Exit(ExitCode.NOT_READY)


@app.command("rotate")
def rotate(
    ctx: typer.Context,
    name: _Name,
    stdin: _Stdin = False,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss", help="Rotate a secret that is written once: what it encrypts is lost."
        ),
    ] = False,
    dry_run: _DryRun = False,
) -> None:
    r"""Put a new value in place of the old one, and say who must restart.

    \b
    Examples:
      # a new password for the counters
      llmplat secrets rotate redis-password
      # a key that an outside service issued anew
      llmplat secrets rotate fallback-key --stdin < key.txt
    """
    from llmplat.apply.secrets import rotate_secret
    from llmplat.cli import wiring_secrets
    from llmplat.output import secrets_view

    run = current(ctx)
    plan, backend = wiring_secrets.open_secrets(run)
    value = _read(run) if stdin else None
    report = rotate_secret(
        plan, backend, name, value, is_loss_accepted=accept_loss, is_dry_run=dry_run
    )
    run.emitter.result(report, secrets_view.ROTATED)


def _read(run: Run) -> str:
    """The value, hidden while it is typed; masked from here on wherever it might turn up."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        value = str(typer.prompt("Value", hide_input=True, err=True))
    else:
        value = sys.stdin.read()
    run.emitter.masker.add(value.strip())
    return value
