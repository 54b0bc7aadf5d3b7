"""The composition root of `cost`: the ledger, the plan, and the span of time."""

import datetime as dt
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmplat.cli.wiring import Opened, catalog, read_lock
from llmplat.domain.errors import InputError, LlmplatError, PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmplat.cli.run import Run
    from llmplat.domain.cluster import Cluster
    from llmplat.domain.usage import UsageLedger
    from llmplat.observe.cost import CostReport
    from llmplat.plan.plan import Plan


@dataclass(frozen=True)
class Source:
    """The record of requests, and the cluster that it stands in."""

    ledger: "UsageLedger"
    cluster: "Cluster | None" = None


_AGO = re.compile(r"^([0-9]{1,4})([hd])$")


@contextmanager
def open_ledger(run: "Run", opened: Opened, plan: "Plan") -> "Iterator[Source]":
    """The ledger of this machine, or of the cluster by its API server, until the block ends.

    Raises PreconditionError where the cluster keeps no records or they cannot be reached.
    """
    from llmplat.adapters.local_home import LocalHome
    from llmplat.adapters.local_ledger import LocalLedger

    if plan.cluster is None:
        yield Source(LocalLedger(LocalHome(opened.name, opened.state).ledger_file))
        return
    from llmplat.adapters.cluster_ledger import open_cluster_ledger
    from llmplat.cli.wiring_cluster import open_cluster
    from llmplat.plan.cluster.gateway import NAMESPACE, USAGE_LEDGER

    gateway = plan.cluster.workloads.gateway
    if gateway is None or gateway.usage_database is None:
        raise PreconditionError(
            f"The platform {opened.name} keeps no record of requests.",
            "the component usage-ledger is not switched on",
            ("components: {usage-ledger: {enabled: true}}", "llmplat up"),
        )
    cluster = open_cluster(run, opened)
    with open_cluster_ledger(cluster, NAMESPACE, USAGE_LEDGER) as ledger:
        yield Source(ledger, cluster)


def hours_of(run: "Run", source: "Source", plan: "Plan", start: dt.datetime) -> dict[str, float]:
    """How long engines ran, by the cluster's Prometheus; {} and a note where that does not answer."""
    from llmplat.adapters.metrics_source import Prometheus
    from llmplat.observe.engine_hours import engine_hours

    if source.cluster is None:
        return {}
    hours = (dt.datetime.now(dt.UTC) - start).total_seconds() / 3600
    try:
        with source.cluster.forward("monitoring", "kube-prometheus-stack-prometheus", 9090) as url:
            return engine_hours(plan, Prometheus(url).query, hours)
    except LlmplatError as error:
        run.emitter.note(
            f"engine hours are counted as if all replicas ran all the time: {error.what}"
        )
        return {}


def with_opencost(run: "Run", source: Source, plan: "Plan", report: "CostReport") -> "CostReport":
    """`report` with the GPU hours of OpenCost, where the platform runs it; a finding where it is silent."""
    from llmplat.adapters.opencost import OpenCost
    from llmplat.observe.cost import OPENCOST
    from llmplat.observe.gpu_use import with_gpus, without_gpus

    if source.cluster is None or not any(one.name == OPENCOST for one in plan.components):
        return report
    with run.emitter.step("Ask OpenCost what GPUs cost"):
        try:
            with source.cluster.forward(OPENCOST, OPENCOST, 9003) as url:
                told = OpenCost(url).allocations(report.since, report.until)
        except LlmplatError as error:
            return without_gpus(report, error)
    return with_gpus(report, plan, told)


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
