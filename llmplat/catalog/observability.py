"""Reads what is watched: alerts with their runbooks, dashboards, and which metrics there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llmplat.catalog.load import DATA
from llmplat.catalog.read import Record, read_each, read_mapping
from llmplat.catalog.sourced import Sourced

_FOLDER = "observability"


@dataclass(frozen=True)
class Alert:
    """One alert, and what its runbook says."""

    name: str
    group: str
    """slo, serving, gateway, gpus or platform."""
    severity: str
    """critical wakes somebody; warning waits for the morning."""
    expr: str
    """PromQL; <model>, <namespace> and <engine> stand for the model's where there is one for each."""
    lasts: str
    """How long it must hold."""
    summary: str
    means: str
    look: tuple[str, ...]
    """What to look at first, in order."""
    do: tuple[str, ...]
    """What ends it."""
    needs: tuple[str, ...] = ()
    """Components without which its metrics do not exist; one of each a|b."""
    each_model: bool = False

    @property
    def page(self) -> str:
        """Name of its runbook's page, without .md."""
        return spell_page(self.name)


@dataclass(frozen=True)
class Panel:
    """One panel of a dashboard."""

    title: str
    unit: str
    """Grafana's unit id."""
    kind: str
    """timeseries, stat or table."""
    queries: tuple[tuple[str, str], ...]
    """Legend of what a query gives, and the query."""


@dataclass(frozen=True)
class Dashboard:
    """One dashboard: rows of panels."""

    name: str
    title: str
    purpose: str
    needs: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    variables: tuple[tuple[str, str], ...]
    """Name of a choice and the query of its values."""


@dataclass(frozen=True)
class KnownMetrics(Sourced):
    """The metrics of one component that alerts and dashboards may ask for."""

    name: str
    metrics: tuple[str, ...]


def spell_page(alert: str) -> str:
    """The page of an alert: LlmplatModelDown -> model-down."""
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in alert.removeprefix("Llmplat"))
    return words.strip("-")


@cache
def load_alerts(data: Path = DATA) -> Mapping[str, Alert]:
    """Every alert by its name; CatalogError when a file is wrong."""
    records = (
        record
        for path in sorted((data / _FOLDER).glob("alerts-*.yaml"))
        for record in Record(read_mapping(path), str(path)).records("alerts")
    )
    made = [_make_alert(record) for record in records]
    return {alert.name: alert for alert in made}


@cache
def load_dashboards(data: Path = DATA) -> Mapping[str, Dashboard]:
    """Every dashboard by its name; CatalogError when a file is wrong."""
    return read_each((data / _FOLDER / "dashboards").glob("*.yaml"), _make_dashboard)


@cache
def load_metrics(data: Path = DATA) -> Mapping[str, KnownMetrics]:
    """Which metrics each component exports, as far as they are asked for."""
    path = data / _FOLDER / "metrics.yaml"
    records = Record(read_mapping(path), str(path)).records("components")
    made = [_make_metrics(record) for record in records]
    return {one.name: one for one in made}


def _make_alert(record: Record) -> Alert:
    alert = Alert(
        name=record.text("name"),
        group=record.text("group"),
        severity=record.text("severity"),
        expr=record.text("expr").strip(),
        lasts=record.text("for"),
        summary=record.text("summary"),
        means=record.text("means"),
        look=record.texts("look"),
        do=record.texts("do"),
        needs=record.texts("needs"),
        each_model=record.flag("eachModel"),
    )
    record.done()
    return alert


def _make_dashboard(record: Record) -> Dashboard:
    return Dashboard(
        name=record.text("name"),
        title=record.text("title"),
        purpose=record.text("purpose"),
        needs=record.texts("needs"),
        rows=tuple(_make_row(row) for row in record.records("rows")),
        variables=tuple(record.mapping("variables").items()),
    )


def _make_row(record: Record) -> tuple[str, tuple[Panel, ...]]:
    row = record.text("title"), tuple(_make_panel(one) for one in record.records("panels"))
    record.done()
    return row


def _make_panel(record: Record) -> Panel:
    panel = Panel(
        title=record.text("title"),
        unit=record.optional_text("unit") or "short",
        kind=record.optional_text("kind") or "timeseries",
        queries=tuple(record.mapping("queries").items()),
    )
    record.done()
    return panel


def _make_metrics(record: Record) -> KnownMetrics:
    known = KnownMetrics(
        name=record.text("name"),
        metrics=record.texts("metrics"),
        source=record.text("source"),
        as_of=record.text("as_of"),
    )
    record.done()
    return known
