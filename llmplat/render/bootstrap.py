"""A cluster's plan -> the Argo CD that is installed before anything can sync: the rendered one, pinned."""

from typing import Any

from llmplat.catalog.entries import Catalog
from llmplat.domain.bootstrap import BootstrapInputs
from llmplat.plan.plan import Plan
from llmplat.render.argocd import labels_of
from llmplat.render.values import chart_values, merge

ARGO_CD = "argo-cd"

_NO_MONITOR: dict[str, Any] = {"metrics": {"serviceMonitor": {"enabled": False}}}
_FIRST: dict[str, Any] = {"controller": _NO_MONITOR, "repoServer": _NO_MONITOR}
"""Monitors are a type that Argo CD itself brings later; from its first sync it has them."""


def make_bootstrap(
    plan: Plan, catalog: Catalog, *, kubeconfig: str, context: str
) -> BootstrapInputs | None:
    """What infra/bootstrap is told; None where the plan adopts an Argo CD that is there."""
    cluster = plan.cluster
    planned = (
        next((a for a in cluster.applications if a.name == ARGO_CD), None) if cluster else None
    )
    if cluster is None or planned is None or planned.chart is None:
        return None
    component = catalog.components[ARGO_CD]
    return BootstrapInputs(
        platform=plan.platform,
        kubeconfig=kubeconfig,
        context=context,
        namespace=planned.namespace,
        pod_security=component.pod_security,
        chart=planned.chart.name,
        repository=planned.chart.repository,
        version=planned.chart.version,
        values=merge(chart_values(component, planned, cluster.settings), _FIRST),
        labels=labels_of(plan.platform, ARGO_CD),
    )
