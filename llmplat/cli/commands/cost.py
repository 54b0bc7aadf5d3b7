"""`llmplat cost`: spend, idle hardware, and the record of every request."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from llmplat.cli.run import current


class By(StrEnum):
    """What spend is summed by."""

    TENANT = "tenant"
    APP = "app"
    USER = "user"
    MODEL = "model"
    NAMESPACE = "namespace"


def command(  # noqa: PLR0913, PLR0917 (an option of the command line is a parameter)
    ctx: typer.Context,
    by: Annotated[By, typer.Option("--by", help="What to sum by.")] = By.TENANT,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="WHEN", help="A date, or 24h or 7d ago [the first of the month]."
        ),
    ] = None,
    requests: Annotated[
        bool, typer.Option("--requests", help="List single requests: the audit log.")
    ] = False,
    last: Annotated[
        int, typer.Option("--last", min=1, max=1_000_000, help="How many requests to list.")
    ] = 50,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE.csv", help="Also write a table.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE.html", help="Also write a page with plots."),
    ] = None,
) -> None:
    r"""Show what was spent, on what, and what lay idle.

    Read from the ledger, which has one record for each request: tenant, app, model, where it was
    answered, tokens, cost and outcome, never its text. Idle time and the price of a million tokens
    come from the hours the platform ran and the hourly price in the plan. On this machine the platform
    need not run. In a cluster the database is reached by the API server's port-forward: you need to
    read one Secret and to forward ports in the namespace llm-gateway; Prometheus tells how long engines ran.
    With the component opencost its GPU hours and GPU cost stand beside ours, each figure with its source.

    \b
    Examples:
      # this month, by tenant
      llmplat cost
      # the last week by model, as a page to send around
      llmplat cost --by model --since 7d --html cost.html
      # who asked what, and how it ended
      llmplat cost --requests --last 20
    """
    from llmplat.cli import wiring, wiring_cost
    from llmplat.observe.cost import make_cost
    from llmplat.output import cost_page, cost_view

    run = current(ctx)
    opened = wiring.open_platform(run)
    start, now = wiring_cost.span(since)
    plan = wiring_cost.plan_of(opened)
    with wiring_cost.open_ledger(run, opened, plan) as source:
        if requests:
            found = tuple(source.ledger.last(last, round(start.timestamp() * 1000)))
            run.emitter.result(cost_view.RequestList(opened.name, found), cost_view.REQUESTS)
            return
        hours = wiring_cost.hours_of(run, source, plan, start)
        report = make_cost(source.ledger, plan, by.value, start, now, hours)
        report = wiring_cost.with_opencost(run, source, plan, report)
    if csv is not None:
        wiring.write_user_file(csv, cost_view.make_csv(report))
    if html is not None:
        wiring.write_user_file(html, cost_page.make_page(report))
    run.emitter.result(report, cost_view.COST)
