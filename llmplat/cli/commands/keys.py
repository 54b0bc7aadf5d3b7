"""`llmplat keys`: create, list, rotate and revoke tenant keys, and decide what tenants ask for."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import Run, current
from llmplat.domain.errors import InputError
from llmplat.domain.units import parse_duration

if TYPE_CHECKING:
    from llmplat.apply.key_changes import Created

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_Target = Annotated[str, typer.Argument(metavar="TENANT/APP", help="The app the key is for.")]


@app.callback()
def _keys() -> None:
    """Create, list, rotate, revoke and approve tenant keys.

    Only hashes are stored, in keys.yaml beside the platform file. A running gateway knows a new
    or revoked key within seconds; keys can be changed while it is down.
    """


@app.command("create")
def create(
    ctx: typer.Context,
    target: _Target,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="Lifetime, such as 30d or 12h.")
    ] = None,
    create_tenant: Annotated[
        bool,
        typer.Option(
            "--create-tenant",
            help="Declare a missing tenant or app in keys.yaml, with the default budget.",
        ),
    ] = False,
) -> None:
    r"""Make a key and print it, once.

    The key is the whole of stdout; only its hash is kept.

    \b
    Examples:
      # a key for the demo app
      KEY=$(llmplat keys create demo/app)
      # one that ends by itself, for a tenant that is not in the platform file
      llmplat keys create team-b/web --expires 30d --create-tenant
    """
    from llmplat.apply import key_changes
    from llmplat.apply.keys import parse_target
    from llmplat.cli import wiring_gateway

    run = current(ctx)
    lifetime_s = None if expires is None else _seconds("--expires", expires)
    desk = wiring_gateway.keys_desk(run)
    _show_created(
        run,
        key_changes.create(desk, parse_target(target), lifetime_s, declares=create_tenant),
    )


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """List all keys, without secrets."""
    from llmplat.apply import key_changes
    from llmplat.apply.keys import state_of
    from llmplat.cli import wiring_gateway
    from llmplat.output import keys_view

    run = current(ctx)
    desk = wiring_gateway.keys_desk(run)
    keys = key_changes.read(desk).keys
    listed = tuple(
        keys_view.ListedKey(
            k.id, k.tenant, k.app, state_of(k, desk.now), k.created, k.expires, k.revoked
        )
        for k in keys
    )
    run.emitter.result(keys_view.KeyList(desk.name, listed), keys_view.LISTED)


@app.command("rotate")
def rotate(
    ctx: typer.Context,
    target: _Target,
    overlap: Annotated[
        str, typer.Option("--overlap", metavar="TIME", help="How long the old keys stay good.")
    ] = "24h",
) -> None:
    """Make a new key and let the app's others end.

    Old and new keys are both good for the overlap.
    """
    from llmplat.apply import key_changes
    from llmplat.apply.keys import parse_target
    from llmplat.cli import wiring_gateway

    run = current(ctx)
    overlap_s = _seconds("--overlap", overlap)
    desk = wiring_gateway.keys_desk(run)
    made = key_changes.rotate(desk, parse_target(target), overlap_s)
    for key_id in made.ending:
        run.emitter.note(f"{key_id} ends in {overlap}")
    _show_created(run, made)


@app.command("revoke")
def revoke(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID|TENANT/APP", help="One key, or all keys of an app.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which keys it would be.")
    ] = False,
) -> None:
    """Take back a key, or all keys of an app.

    A running gateway refuses it within 5 seconds.
    """
    from llmplat.apply import key_changes
    from llmplat.cli import wiring_gateway
    from llmplat.output import keys_view

    run = current(ctx)
    report = key_changes.revoke(wiring_gateway.keys_desk(run), name, is_dry_run=dry_run)
    if report.ids and not report.at_gateway and not dry_run:
        run.emitter.warn("no gateway runs here; the keys are refused from its next start on")
    run.emitter.result(report, keys_view.REVOKED)


@app.command("pending")
def pending(ctx: typer.Context) -> None:
    """List changes of keys that tenants asked for."""
    from llmplat.apply import key_requests
    from llmplat.cli import wiring, wiring_gateway
    from llmplat.output import key_requests_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    with wiring_gateway.change_book(run, opened) as book:
        found = key_requests.pending(wiring_gateway.desk_of(opened), book)
    run.emitter.result(found, key_requests_view.PENDING)


@app.command("approve")
def approve(
    ctx: typer.Context,
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="CHANGE...", help="Changes, by their ids.")
    ] = None,
    within_cap: Annotated[
        bool,
        typer.Option("--within-cap", help="All that selfService allows; the rest goes on waiting."),
    ] = False,
) -> None:
    r"""Declare the keys that tenants asked for.

    What is approved is written to keys.yaml. A gateway on this machine knows it at once; for a
    cluster, bring the file there as always.

    \b
    Examples:
      # what waits, and what each asks for
      llmplat keys pending
      # one of them
      llmplat keys approve c-5f0a6c1be2d3
    """
    from llmplat.apply import key_requests
    from llmplat.cli import wiring, wiring_gateway
    from llmplat.output import key_requests_view

    run = current(ctx)
    if bool(changes) == within_cap:
        raise InputError(
            "Which changes are meant?",
            "one of CHANGE... and --within-cap is wanted",
            ("llmplat keys pending", "llmplat keys approve --within-cap"),
        )
    opened = wiring.open_platform(run)
    desk = wiring_gateway.desk_of(opened)
    with wiring_gateway.change_book(run, opened) as book:
        report = (
            key_requests.approve_within_cap(desk, book)
            if within_cap
            else key_requests.approve(desk, book, changes or [])
        )
    run.emitter.result(report, key_requests_view.DECIDED)
    if report.changes and not report.at_gateway:
        run.emitter.hint(f"llmplat up    (brings {desk.name} to the gateway)")


@app.command("reject")
def reject(
    ctx: typer.Context,
    changes: Annotated[
        list[str], typer.Argument(metavar="CHANGE...", help="Changes, by their ids.")
    ],
    why: Annotated[str, typer.Option("--why", help="What the tenant is told.")] = "",
) -> None:
    """Say no to changes that tenants asked for."""
    from llmplat.apply import key_requests
    from llmplat.cli import wiring, wiring_gateway
    from llmplat.output import key_requests_view

    run = current(ctx)
    with wiring_gateway.change_book(run, wiring.open_platform(run)) as book:
        report = key_requests.reject(book, changes, why)
    run.emitter.result(report, key_requests_view.DECIDED)


def _show_created(run: Run, made: "Created") -> None:
    from llmplat.output import keys_view

    run.emitter.result(made, keys_view.CREATED, reveal=True)
    if not made.at_gateway:
        run.emitter.hint("llmplat up    (the key is good as soon as the gateway runs)")


def _seconds(option: str, text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise InputError(f"{option}: {error}.", fix=(f"{option} 24h", f"{option} 30d")) from error
    if option == "--expires" and seconds < 1:
        raise InputError(f"{option}: a key must live at least a second.", fix=(f"{option} 30d",))
    return seconds
