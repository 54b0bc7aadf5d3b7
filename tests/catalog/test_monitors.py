"""Every component is read by Prometheus, or says why not."""

from pathlib import Path

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.render.objects import make_objects
from llmplat.render.values import make_values
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock

pytestmark = pytest.mark.catalog
HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "docs" / "examples"
CATALOG = load_catalog(HOME)
MONITORS = {"ServiceMonitor", "PodMonitor"}


@pytest.fixture(scope="module")
def plan():
    platform = load_platform(EXAMPLES / "cluster-production.yaml").platform
    lock = parse_lock((EXAMPLES / "cluster-production.lock.yaml").read_text("utf-8"), "lock")
    return make_plan(platform, lock, CATALOG)


@pytest.mark.parametrize("component", CATALOG.components.values(), ids=lambda c: c.name)
def test_each_says_who_reads_its_metrics(component, plan):
    monitor = component.metrics
    assert monitor is not None, (
        "metrics: {by: chart, value: ...}, {by: ours} or {by: nobody, why: ...}"
    )
    if monitor.by == "nobody":
        assert len(monitor.why) > 20
    elif monitor.by == "ours":
        made = make_objects(plan)
        mine = [a.name for a in plan.cluster.applications if a.component == component.name]
        assert any(name in made for name in mine)
        for name in (name for name in mine if name in made):
            assert MONITORS & {item["kind"] for item in made[name]}, name
    else:
        value = make_values(component, plan.cluster.settings, {})
        for key in monitor.value:
            value = value[key]
        assert value is True
        allowed = {kind.rpartition("/")[2] for kind in component.kinds.namespaced}
        assert allowed & MONITORS, "its project would refuse the monitor"
