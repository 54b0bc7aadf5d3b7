"""What is watched -> PrometheusRules, each alert with its runbook, and ConfigMaps of dashboards."""

from collections.abc import Iterator
from itertools import groupby

from llmplat.catalog.observability import load_alerts, spell_page
from llmplat.domain.places import DOCS
from llmplat.plan.cluster.observability import (
    BURN_ALERTS,
    BURNS,
    FEWEST_REQUESTS,
    NAMESPACE,
    WINDOW,
    Burn,
    Objective,
    Observability,
    PlannedAlert,
)
from llmplat.render.dump import dump_json
from llmplat.render.objects.dashboards import make_dashboard
from llmplat.render.objects.shape import NAME, Object, make_metadata, make_object

ERRORS = "slo:sli_error:ratio_rate"
"""Recorded share of faults; the window is appended. Names as Sloth writes them."""
EVENTS = "slo:sli_total:rate"
"""Recorded requests or tokens per second; the window is appended."""
SECONDS = {"1h": 3600, "6h": 21_600, "1d": 86_400, "3d": 259_200}

_ENGINE_LABEL = "model_name"
"""vLLM's word for a model; alerts say `model`, or one could not silence another of the same model."""


def make_observability_objects(platform: str, plan: Observability) -> tuple[Object, ...]:
    """Everything of the Application observability."""
    return (*_rules(platform, plan), *_dashboards(platform, plan), *_monitors(platform, plan))


def make_groups(plan: Observability) -> dict[str, list[Object]]:
    """Name of a PrometheusRule -> its groups."""
    made: dict[str, list[Object]] = {}
    by_model = groupby(plan.objectives, key=lambda objective: objective.model)
    for model, objectives in by_model:
        wanted = tuple(objectives)
        made[f"slo-{model}"] = [
            {"name": f"slo-{model}-records", "rules": [r for o in wanted for r in _records(o)]},
            {"name": f"slo-{model}-alerts", "rules": [r for o in wanted for r in _burns(o)]},
        ]
    for name, alerts in groupby(plan.alerts, key=lambda one: one.alert.group):
        made[name] = [{"name": name, "rules": [_alert(one) for one in alerts]}]
    return made


def runbook(alert: str) -> str:
    """Address of an alert's runbook."""
    return f"{DOCS}/runbooks/{spell_page(alert)}/"


def _rules(platform: str, plan: Observability) -> Iterator[Object]:
    for name, groups in make_groups(plan).items():
        metadata = make_metadata(platform, f"llmplat-{name}", NAMESPACE)
        yield make_object(
            "monitoring.coreos.com/v1", "PrometheusRule", metadata, spec={"groups": groups}
        )


def _labels(objective: Objective) -> Object:
    return {"slo": objective.kind, "model": objective.model, "owner": objective.owner}


def _records(objective: Objective) -> Iterator[Object]:
    """Faults and events over every window, and what is allowed."""
    labels = _labels(objective)
    windows = dict.fromkeys(w for burn in BURNS for w in (burn.short, burn.long))
    for window in windows:
        bad, total = (q.replace(WINDOW, window) for q in (objective.bad, objective.total))
        yield {"record": f"{ERRORS}{window}", "expr": f"{bad} / {total}", "labels": labels}
    for window in SECONDS:
        total = objective.total.replace(WINDOW, window)
        yield {"record": f"{EVENTS}{window}", "expr": total, "labels": labels}
    for name, value in (("objective", objective.percent / 100), ("error_budget", objective.budget)):
        yield {"record": f"slo:{name}:ratio", "expr": f"vector({value:.9g})", "labels": labels}


def _burns(objective: Objective) -> Iterator[Object]:
    alert = load_alerts()[BURN_ALERTS[objective.kind]]
    for burn in objective.burns:
        yield {
            "alert": alert.name,
            "expr": _burn(objective, burn),
            "for": burn.lasts,
            "labels": {"severity": burn.severity, "window": burn.long},
            "annotations": {
                "summary": alert.summary.replace("<model>", objective.model),
                "runbook_url": runbook(alert.name),
            },
        }


def _burn(objective: Objective, burn: Burn) -> str:
    """Too fast in both windows, and on more than a handful of requests."""
    selector = f'{{slo="{objective.kind}",model="{objective.model}"}}'
    limit = f"{burn.factor * objective.budget:.9g}"
    return (
        f"{ERRORS}{burn.long}{selector} > {limit}"
        f"\nand {ERRORS}{burn.short}{selector} > {limit}"
        f"\nand {EVENTS}{burn.long}{selector} * {SECONDS[burn.long]} >= {FEWEST_REQUESTS}"
    )


def _alert(one: PlannedAlert) -> Object:
    labels = {"severity": one.alert.severity}
    if one.model is not None:
        labels["model"] = one.model
    elif _ENGINE_LABEL in one.expr:
        labels["model"] = f"{{{{ $labels.{_ENGINE_LABEL} }}}}"
    return {
        "alert": one.alert.name,
        "expr": one.expr,
        "for": one.alert.lasts,
        "labels": labels,
        "annotations": {"summary": one.summary, "runbook_url": runbook(one.alert.name)},
    }


def _monitors(platform: str, plan: Observability) -> Iterator[Object]:
    """Of what somebody else runs."""
    if plan.has_google_gpu_metrics:
        metadata = make_metadata(platform, "gke-managed-dcgm", NAMESPACE)
        spec = {
            "namespaceSelector": {"matchNames": ["gke-managed-system"]},
            "selector": {"matchLabels": {NAME: "gke-managed-dcgm-exporter"}},
            "podMetricsEndpoints": [{"port": "metrics", "interval": "30s"}],
        }
        yield make_object("monitoring.coreos.com/v1", "PodMonitor", metadata, spec=spec)


def _dashboards(platform: str, plan: Observability) -> Iterator[Object]:
    for dashboard in plan.dashboards:
        name = f"dashboard-{dashboard.name}"
        # Grafana's sidecar looks for the label.
        metadata = make_metadata(platform, name, NAMESPACE, {"grafana_dashboard": "1"})
        data = {f"{dashboard.name}.json": dump_json(make_dashboard(dashboard))}
        yield make_object("v1", "ConfigMap", metadata, data=data)
