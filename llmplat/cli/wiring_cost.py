"""The composition root of `cost`: the ledger, the plan, and the span of time."""

import datetime as dt
import re
from typing import TYPE_CHECKING

from llmplat.cli.wiring import Opened, catalog, read_lock
from llmplat.domain.errors import InputError, PreconditionError

if TYPE_CHECKING:
    from llmplat.domain.usage import UsageLedger
    from llmplat.plan.plan import Plan

_AGO = re.compile(r"^([0-9]{1,4})([hd])$")


def ledger(opened: Opened) -> "UsageLedger":
    """The ledger of a platform on this machine; PreconditionError for another."""
    from llmplat.adapters.local_home import LocalHome
    from llmplat.adapters.local_ledger import LocalLedger

    if opened.loaded.platform.substrate.local is None:
        raise PreconditionError(
            "This platform does not run on this machine.",
            "its ledger is a database in the cluster, which cannot be reached from here",
            ("ask it there: kubectl exec -n llm-gateway usage-ledger-1 -- psql usage",),
        )
    return LocalLedger(LocalHome(opened.name, opened.state).ledger_file)


def plan_of(opened: Opened) -> "Plan":
    """The plan, for the prices of the hardware."""
    from llmplat.plan.make import make_plan

    return make_plan(opened.loaded.platform, read_lock(opened), catalog(), is_unfit_accepted=True)


def span(since: str | None) -> tuple[dt.datetime, dt.datetime]:
    """From when until now, in UTC; InputError for words that are no time."""
    now = dt.datetime.now(dt.UTC)
    if since is None:
        return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), now
    ago = _AGO.match(since)
    if ago is not None:
        step = dt.timedelta(hours=1) if ago[2] == "h" else dt.timedelta(days=1)
        return now - int(ago[1]) * step, now
    try:
        start = dt.datetime.fromisoformat(since)
    except ValueError as error:
        raise InputError(
            f"--since {since} is no time.", "a date, 24h or 7d is wanted", ("--since 7d",)
        ) from error
    return (start if start.tzinfo else start.replace(tzinfo=dt.UTC)), now
