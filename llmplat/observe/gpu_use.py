"""A cost report and what a cost monitor told -> GPU hours of each source side by side."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from llmplat.domain.allocations import Allocations, GpuAllocation
from llmplat.domain.errors import Finding, LlmplatError, Severity
from llmplat.observe.cost import OPENCOST, CostReport, GpuUse, ModelCost, per_million
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.plan import Plan

_HOUR = dt.timedelta(hours=1)


def with_gpus(report: CostReport, plan: Plan, told: Allocations) -> CostReport:
    """`report` with `told` beside its own figures, and what `told` lacks as findings."""
    if plan.cluster is None:
        return report
    engines = plan.cluster.workloads.engines
    own = [_of_model(one) for one in report.models if one.gpu_hours]
    theirs = [use for one in report.models for use in _told_of(one, engines, told.gpus)]
    owners = {one.launch.model: one.owner for one in engines}
    spaces = {one.launch.model: one.namespace for one in engines}
    whose = {one.namespace: one.owner for one in engines}
    gpus = [
        *_ordered([*own, *theirs]),
        *_sums("tenant", [*_renamed(own, owners.get), *_spaces(told.gpus, whose.get)]),
        *_sums("namespace", [*_renamed(own, spaces.get), *_spaces(told.gpus, str)]),
    ]
    return replace(report, gpus=tuple(gpus), findings=tuple(_lacks(report, plan, engines, told)))


def without_gpus(report: CostReport, error: LlmplatError) -> CostReport:
    """`report` as it is, saying that the cost monitor did not answer."""
    what = "GPU hours of OpenCost are missing; the other figures do not need it."
    why = f"{error.what} {error.why or ''}".strip()
    return replace(report, findings=(_warning("cost-monitor-silent", what, why, error.fix),))


def _of_model(one: ModelCost) -> GpuUse:
    return GpuUse(
        "model",
        one.model,
        one.hours_from,
        one.gpu_hours,
        one.hardware_nanousd,
        one.idle_share,
        one.nanousd_per_million_tokens,
    )


def _told_of(
    one: ModelCost, engines: Iterable[ClusterEngine], gpus: Iterable[GpuAllocation]
) -> Iterator[GpuUse]:
    """What was told of the model's own pods: the label alone, in another namespace, proves nothing."""
    engine = next(it for it in engines if it.launch.model == one.model)
    mine = [it for it in gpus if (it.model, it.namespace) == (one.model, engine.namespace)]
    if mine:
        hours, cost = sum(it.gpu_hours for it in mine), sum(it.gpu_nanousd for it in mine)
        idle = _idle(one.busy_hours, hours, engine)
        price = per_million(cost, one.tokens)
        yield GpuUse("model", one.model, OPENCOST, hours, cost, idle, price)


def _idle(busy_hours: float, gpu_hours: float, engine: ClusterEngine) -> float | None:
    """Of a single engine: several at once are busy together for less time than they are there."""
    if engine.most > 1 or engine.prefill is not None or not engine.launch.gpus:
        return None
    there = gpu_hours / engine.launch.gpus
    return 1 - min(busy_hours, there) / there


def _renamed(uses: Iterable[GpuUse], name_of: Callable[[str], str | None]) -> Iterator[GpuUse]:
    for use in uses:
        name = name_of(use.name)
        if name is not None:
            yield replace(use, name=name)


def _spaces(
    gpus: Iterable[GpuAllocation], name_of: Callable[[str], str | None]
) -> Iterator[GpuUse]:
    for one in gpus:
        name = name_of(one.namespace)
        if name is not None:
            yield GpuUse("", name, OPENCOST, one.gpu_hours, one.gpu_nanousd)


def _sums(by: str, uses: Iterable[GpuUse]) -> Iterator[GpuUse]:
    """One for each name and source; a share or a price is no sum."""
    for (name, source), group in groupby(_ordered(uses), lambda use: (use.name, use.source)):
        found = list(group)
        hours, cost = sum(it.gpu_hours for it in found), sum(it.nanousd for it in found)
        yield GpuUse(by, name, source, hours, cost)


def _ordered(uses: Iterable[GpuUse]) -> list[GpuUse]:
    """By name, OpenCost behind our own figures."""
    return sorted(uses, key=lambda use: (use.name, use.source == OPENCOST, use.source))


def _lacks(
    report: CostReport, plan: Plan, engines: Iterable[ClusterEngine], told: Allocations
) -> Iterator[Finding]:
    if told.begin is None:
        why = f"it has no data since {report.since:%Y-%m-%d %H:%M} UTC, or Prometheus lost it"
        fix = ("kubectl -n opencost logs deployment/opencost",)
        yield _warning("cost-monitor-empty", "OpenCost knows of no pod at all.", why, fix)
        return
    known = (report.until - told.begin) / _HOUR
    if report.ran_hours > known + 1:
        what = f"OpenCost's figures begin at {told.begin:%Y-%m-%d %H:%M} UTC only."
        why = f"the platform ran {report.ran_hours:.1f} hours, it knows of {known:.1f}"
        fix = ("llmplat cost --since " + f"{told.begin:%Y-%m-%dT%H:%M}",)
        yield _warning("cost-monitor-short", what, why, fix)
    if plan.cluster is not None and plan.cluster.settings.gpu_usd_per_hour is None and told.gpus:
        what = "The GPU cost by OpenCost is at its own price."
        why = "it knows one price for all GPUs, the plan has one for each kind"
        yield _warning("cost-monitor-prices", what, why, ())
    claimed = [one.launch.model for one in engines if one.is_claimed]
    if claimed:
        what = f"OpenCost does not count the GPUs of {', '.join(claimed)}."
        yield _warning("cost-monitor-claims", what, "they come by a claim, it counts requests", ())


def _warning(code: str, what: str, why: str, fix: tuple[str, ...]) -> Finding:
    return Finding(code, what, why, fix, severity=Severity.WARNING)
