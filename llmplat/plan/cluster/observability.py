"""Promises and what runs -> the alerts, objectives and dashboards of this platform."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmplat.catalog.observability import Alert, Dashboard, load_alerts, load_dashboards
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.substrate import gpu_stack_of
from llmplat.spec.histograms import histograms_of
from llmplat.spec.model import Model
from llmplat.spec.slo import LatencyTarget

NAMESPACE = "monitoring"
GPU_METRICS = "gpu-metrics"
"""What alerts name where no component of ours exports them."""
WINDOW = "<window>"
"""Placeholder in a query: the time it looks back."""
AVAILABILITY, FIRST_TOKEN, TOKEN_PACE = "availability", "time-to-first-token", "inter-token-latency"
BURN_ALERTS = {
    AVAILABILITY: "LlmplatAvailabilityBurns",
    FIRST_TOKEN: "LlmplatFirstTokenBurns",
    TOKEN_PACE: "LlmplatTokenPaceBurns",
}
"""Objective -> the alert on it."""
_FAULTS = '=~"failed|timeout"'
_COUNTED = '!~"aborted|refused"'
"""Who left, and who asked for what the engine refuses, is no fault of the platform."""
FEWEST_REQUESTS = 20
"""In the longer window: of fewer, one fault alone would be an alarm."""


@dataclass(frozen=True)
class Burn:
    """Two windows and how much too fast the allowed faults are used up in both of them."""

    factor: float
    """1 uses up exactly what 30 days allow."""
    long: str
    short: str
    lasts: str
    severity: str


BURNS = (
    Burn(14.4, "1h", "5m", "2m", "critical"),
    Burn(6, "6h", "30m", "15m", "critical"),
    Burn(3, "1d", "2h", "1h", "warning"),
    Burn(1, "3d", "6h", "3h", "warning"),
)
"""The SRE workbook's own: 2 % of the month in an hour, 5 % in six, 10 % in one day and in three.

https://sre.google/workbook/alerting-on-slos/ (table 5-8)
"""


@dataclass(frozen=True)
class Objective:
    """One target of one model as a question to Prometheus."""

    kind: str
    """availability, time-to-first-token or inter-token-latency."""
    model: str
    owner: str
    percent: float
    within_s: float | None
    bad: str
    """PromQL: faults per second over <window>."""
    total: str
    """PromQL: requests, or tokens, per second over <window>."""

    @property
    def budget(self) -> float:
        """Share of faults that is allowed."""
        return round(1 - self.percent / 100, 9)

    @property
    def burns(self) -> tuple[Burn, ...]:
        """Those that can happen at all: no share of faults is above one."""
        return tuple(burn for burn in BURNS if burn.factor * self.budget < 1)


@dataclass(frozen=True)
class PlannedAlert:
    """An alert as it applies here."""

    alert: Alert
    expr: str
    summary: str
    model: str | None
    """Whose, where there is one for each model."""


@dataclass(frozen=True)
class Observability:
    """All that is watched, and what shows it."""

    objectives: tuple[Objective, ...]
    alerts: tuple[PlannedAlert, ...]
    dashboards: tuple[Dashboard, ...]
    has_google_gpu_metrics: bool
    """GKE runs an exporter of its own beside its GPUs."""


def make_observability(ground: Ground, engines: tuple[ClusterEngine, ...]) -> Observability:
    """Everything whose metrics this platform has; the file's targets were checked when read."""
    is_google = ground.has("gpu") and gpu_stack_of(ground.platform.substrate) == "gke-managed"
    running = {component.name for component in ground.components}
    running |= {GPU_METRICS} if is_google else set()
    return Observability(
        objectives=tuple(_objectives(ground, engines)),
        alerts=tuple(_alerts(running, engines)),
        dashboards=tuple(
            one for one in load_dashboards().values() if _is_there(one.needs, running)
        ),
        has_google_gpu_metrics=is_google,
    )


def _is_there(needs: tuple[str, ...], running: set[str]) -> bool:
    return all(running & set(need.split("|")) for need in needs)


def _alerts(running: set[str], engines: tuple[ClusterEngine, ...]) -> Iterator[PlannedAlert]:
    for alert in load_alerts().values():
        if alert.group == "slo" or not _is_there(alert.needs, running):
            continue
        if not alert.each_model:
            yield PlannedAlert(alert, alert.expr, alert.summary, None)
            continue
        for engine in engines:
            yield PlannedAlert(
                alert, _of(engine, alert.expr), _of(engine, alert.summary), engine.launch.model
            )


def _of(engine: ClusterEngine, text: str) -> str:
    words = {
        "<model>": engine.launch.model,
        "<namespace>": engine.namespace,
        "<engine>": engine.name,
    }
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _objectives(ground: Ground, engines: tuple[ClusterEngine, ...]) -> Iterator[Objective]:
    serving = {engine.launch.model: engine for engine in engines}
    for model in ground.platform.models:
        if model.slo is None:
            continue
        if model.slo.availability_percent is not None and ground.gateway is not None:
            yield _availability(model, model.slo.availability_percent)
        if model.slo.time_to_first_token is not None:
            yield _latency(model, FIRST_TOKEN, model.slo.time_to_first_token, serving[model.name])
        if model.slo.inter_token_latency is not None:
            yield _latency(model, TOKEN_PACE, model.slo.inter_token_latency, serving[model.name])


def _availability(model: Model, percent: float) -> Objective:
    """Every copy of the gateway tells the same totals, which are in the counters: hence max."""

    def counted(outcomes: str) -> str:
        found = f'llmplat_requests_total{{model="{model.name}",outcome{outcomes}}}'
        return f"sum(max by (tenant, app, backend, outcome) (rate({found}[{WINDOW}])))"

    return Objective(
        kind=AVAILABILITY,
        model=model.name,
        owner=model.owner,
        percent=percent,
        within_s=None,
        bad=f"({counted(_FAULTS)} or vector(0))",
        total=counted(_COUNTED),
    )


def _latency(model: Model, kind: str, target: LatencyTarget, engine: ClusterEngine) -> Objective:
    key = {FIRST_TOKEN: "timeToFirstToken", TOKEN_PACE: "interTokenLatency"}[kind]
    metric = histograms_of(model)[key].metric
    selector = f'namespace="{engine.namespace}",model_name="{engine.launch.served_name}"'
    total = f"sum(rate({metric}_count{{{selector}}}[{WINDOW}]))"
    # As Python's client and Prometheus spell it: a number that is whole has its .0.
    good = f'sum(rate({metric}_bucket{{{selector},le="{float(target.within_s)}"}}[{WINDOW}]))'
    return Objective(
        kind=kind,
        model=model.name,
        owner=model.owner,
        percent=target.percent,
        within_s=target.within_s,
        bad=f"({total} - {good})",
        total=total,
    )
