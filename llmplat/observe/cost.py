"""The ledger and the plan -> what was spent, on what, and how much of the hardware lay idle."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmplat.domain.errors import Finding
from llmplat.domain.units import usd_to_nano
from llmplat.domain.usage import UsageLedger, UsageSum
from llmplat.plan.cluster.owners import namespace_of
from llmplat.plan.plan import Plan

PLAN, PROMETHEUS, OPENCOST = "plan", "prometheus", "opencost"
_MILLION = 1_000_000
_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class CostRow:
    """What one tenant, app, model or namespace used and was charged."""

    name: str
    answered: int
    refused: int
    aborted: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    nanousd: int
    external_nanousd: int
    """The part of it that services outside were asked for."""


@dataclass(frozen=True)
class ModelCost:
    """What the engines of one model cost, busy and idle, against what they made."""

    model: str
    hours: float
    """Engine hours, all replicas together."""
    gpu_hours: float
    busy_hours: float
    """Hours in which at least one request was at work."""
    idle_share: float | None
    """Part of the time without any request; None before it ran a minute."""
    hardware_nanousd: int
    """What the hardware cost, idle time included."""
    charged_nanousd: int
    tokens: int
    nanousd_per_million_tokens: int | None
    """Hardware cost, idle time included, for a million tokens; None without tokens."""
    hours_from: str = PLAN
    """plan: all replicas as long as the platform ran; prometheus: the minutes of their pods."""


@dataclass(frozen=True)
class GpuUse:
    """GPUs of one model, tenant or namespace by one source; sources are never added up."""

    by: str
    """model, tenant (who owns the models) or namespace."""
    name: str
    source: str
    """plan, prometheus or opencost."""
    gpu_hours: float
    nanousd: int
    """Hardware cost by the plan's price, or what the source itself says GPUs cost."""
    idle_share: float | None = None
    """Of a model's engines; None where the source does not tell."""
    nanousd_per_million_tokens: int | None = None


@dataclass(frozen=True)
class CostReport:
    """Spend, idle share and GPU hours since a moment."""

    platform: str
    since: dt.datetime
    until: dt.datetime
    by: str
    rows: tuple[CostRow, ...]
    total: CostRow
    models: tuple[ModelCost, ...]
    refusals: tuple[tuple[str, int], ...]
    """Cause and count, most first."""
    days: tuple[tuple[str, int], ...]
    """Day and nano-dollars charged."""
    ran_hours: float
    """Hours in which the platform ran, counted by minutes."""
    gpus: tuple[GpuUse, ...] = ()
    """GPU hours side by side, by model, tenant and namespace; empty where no cost monitor was asked."""
    findings: tuple[Finding, ...] = ()
    """What is missing from it, and why."""


def make_cost(
    ledger: UsageLedger,
    plan: Plan,
    by: str,
    since: dt.datetime,
    until: dt.datetime,
    hours: Mapping[str, float] | None = None,
) -> CostReport:
    """The report since `since`; `by` is tenant, app, user, model or namespace.

    `hours`: model -> how long its engines ran, all replicas together, where that was measured; else
    all of its replicas are taken to have run as long as the platform.

    Raises:
        PreconditionError: the ledger cannot be read.
    """
    since_ms = round(since.timestamp() * 1000)
    # A change of keys is a record too, but no request.
    sums = [one for one in ledger.sums(since_ms) if one.outcome != "changed"]
    minutes = ledger.minutes(since_ms)
    days: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    for one in sums:
        days[one.day] += one.nanousd
        if one.outcome == "refused":
            refusals[one.cause] += one.requests
    return CostReport(
        platform=plan.platform,
        since=since,
        until=until,
        by=by,
        rows=_rows(sums, _namer(by, plan)),
        total=_row("total", sums),
        models=_models(ledger, plan, sums, (minutes / 60, hours or {}), since_ms),
        refusals=tuple(sorted(refusals.items(), key=lambda one: (-one[1], one[0]))),
        days=tuple(sorted(days.items())),
        ran_hours=minutes / 60,
    )


def union_ms(spans: Iterable[tuple[int, int]]) -> int:
    """Milliseconds covered by `spans` (begin, end), which come by begin and may overlap."""
    total, until = 0, 0
    for begin, end in spans:
        total += max(0, end - max(begin, until))
        until = max(until, end)
    return total


def per_million(nanousd: int, tokens: int) -> int | None:
    """Nano-dollars for a million tokens; None without tokens."""
    return round(nanousd * _MILLION / tokens) if tokens else None


def _namer(by: str, plan: Plan) -> Callable[[UsageSum], str]:
    if by == "tenant":
        return lambda one: one.tenant
    if by == "app":
        return lambda one: f"{one.tenant}/{one.app}"
    if by == "user":
        return lambda one: one.user or f"{one.tenant}/{one.app}: nobody named"
    if by == "model":
        return lambda one: one.model or "(none)"
    is_local = plan.cluster is None
    spaces = {
        model.name: "this machine" if is_local else namespace_of(model.owner)
        for model in plan.models
    }
    return lambda one: spaces.get(one.model, "(none)")


def _rows(sums: Sequence[UsageSum], name_of: Callable[[UsageSum], str]) -> tuple[CostRow, ...]:
    grouped: dict[str, list[UsageSum]] = {}
    for one in sums:
        grouped.setdefault(name_of(one), []).append(one)
    rows = [_row(name, group) for name, group in grouped.items()]
    return tuple(sorted(rows, key=lambda row: (-row.nanousd, row.name)))


def _row(name: str, sums: Sequence[UsageSum]) -> CostRow:
    ends: Counter[str] = Counter()
    for one in sums:
        ends[one.outcome] += one.requests
    return CostRow(
        name=name,
        answered=ends["answered"],
        refused=ends["refused"],
        aborted=ends["aborted"],
        failed=ends["failed"],
        prompt_tokens=sum(one.prompt_tokens for one in sums),
        completion_tokens=sum(one.completion_tokens for one in sums),
        nanousd=sum(one.nanousd for one in sums),
        external_nanousd=sum(one.nanousd for one in sums if one.place == "external"),
    )


def _models(
    ledger: UsageLedger,
    plan: Plan,
    sums: Sequence[UsageSum],
    ran: tuple[float, Mapping[str, float]],
    since_ms: int,
) -> tuple[ModelCost, ...]:
    """Each model that has engines. This machine is paid once, whatever number of engines share it."""
    hourly = {model.name: model.usd_per_hour or 0.0 for model in plan.models}
    sharing = sum(engine.replicas for engine in plan.engines) if plan.cluster is None else 1
    found = []
    ran_hours, measured = ran
    for engine in plan.engines:
        mine = [one for one in sums if (one.model, one.place) == (engine.model, "engine")]
        hours = measured.get(engine.model, ran_hours * engine.replicas)
        units = hours * (max(1, engine.gpus) if plan.cluster is not None else 1)
        cost = round(usd_to_nano(hourly[engine.model]) * units / sharing)
        busy_hours = min(union_ms(ledger.busy(engine.model, since_ms)) / _HOUR_MS, ran_hours)
        tokens = sum(one.prompt_tokens + one.completion_tokens for one in mine)
        found.append(
            ModelCost(
                model=engine.model,
                hours=hours,
                gpu_hours=hours * engine.gpus,
                busy_hours=busy_hours,
                idle_share=1 - busy_hours / ran_hours if ran_hours else None,
                hardware_nanousd=cost,
                charged_nanousd=sum(one.nanousd for one in mine),
                tokens=tokens,
                nanousd_per_million_tokens=per_million(cost, tokens),
                hours_from=PROMETHEUS if engine.model in measured else PLAN,
            )
        )
    return tuple(found)
