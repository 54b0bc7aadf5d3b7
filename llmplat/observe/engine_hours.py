"""How long engines of each model really ran in a cluster, from kube-state-metrics by Prometheus."""

from collections.abc import Callable, Sequence

from llmplat.plan.plan import Plan

Query = Callable[[str], Sequence[float]]
"""PromQL -> its values."""


def engine_hours(plan: Plan, query: Query, since_hours: float) -> dict[str, float]:
    """Model -> hours of its engines' pods, all replicas together; without what nobody told.

    Counted minute by minute; Prometheus tells no more than it keeps.
    """
    if plan.cluster is None:
        return {}
    minutes = max(1, round(since_hours * 60))
    found = {}
    engines = plan.cluster.workloads.engines
    for engine in engines:
        longer = [one.name for one in engines if one.name.startswith(f"{engine.name}-")]
        others = "".join(f',pod!~"{name}-.+"' for name in longer)
        running = (
            f'count(kube_pod_status_phase{{phase="Running",namespace="{engine.namespace}",'
            f'pod=~"{engine.name}-.+"{others}}} == 1)'
        )
        values = query(f"sum_over_time(({running})[{minutes}m:1m])")
        if values:
            found[engine.launch.model] = values[0] / 60
    return found
