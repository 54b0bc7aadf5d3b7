"""Values templates: every key they set is one the chart knows; a bug in one names its line."""

import itertools
import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.load import load_catalog
from llmplat.domain.errors import RenderError
from llmplat.plan.cluster.settings import ChartSettings
from llmplat.render.values import make_values, merge

pytestmark = pytest.mark.catalog
HOME = Path(__file__).parents[2]
CATALOG = load_catalog(HOME)
CHARTS = Path(os.environ.get("LLMPLAT_CHARTS", str(HOME.parent / "shared" / "charts")))
WITH_TEMPLATE = [name for name, c in CATALOG.components.items() if c.values_template]
FREE = {"config", "annotations", "labels", "cm", "params", "rbac", "crds", "podSecurityContext",
        "securityContext", "containerSecurityContext", "strategy", "costModel"}  # fmt: skip
"""Mappings whose keys are the user's own, or those of Kubernetes."""
OF_SUBCHARTS = {
    f"grafana.{key}"
    for key in (
        "env",
        "grafana.ini",
        "initChownData",
        "rbac",
        "sidecar.dashboards.skipReload",
        "testFramework",
    )
}
"""Keys of a chart inside the chart, which the outer one does not repeat.

https://github.com/grafana-community/helm-charts/blob/main/charts/grafana/values.yaml
"""


def settings(substrate="cluster", replicas=1, storage_class=None, **other):
    return ChartSettings(
        platform="demo", substrate=substrate, kubernetes="1.34", gpu_stack="none",
        replicas=replicas, is_highly_available=replicas > 1, storage_class=storage_class,
        domain=None, components=(), wait_for_pods_s=2700, **other,
    )  # fmt: skip


ALL = [
    settings(*choice, gpu_usd_per_hour=usd)
    for *choice, usd in itertools.product(
        ("cluster", "gke"), (1, 2), (None, "premium-rwo"), (None, 0.704518)
    )
]


def unknown_keys(values, known, path=()):
    for key, value in values.items():
        here = (*path, str(key))
        if ".".join(here) in OF_SUBCHARTS:
            continue
        if key not in known:
            yield ".".join(here)
        elif (
            isinstance(value, dict)
            and isinstance(known[key], dict)
            and known[key]
            and key not in FREE
        ):
            yield from unknown_keys(value, known[key], here)


@pytest.mark.parametrize("name", WITH_TEMPLATE)
def test_every_key_is_one_the_chart_knows(name):
    chart = CATALOG.components[name].version.chart
    file = CHARTS / chart / "values.yaml"
    if not file.is_file():
        pytest.skip(f"the chart's own values are not here: {file} (LLMPLAT_CHARTS says where)")
    known = yaml.safe_load(file.read_text("utf-8"))
    for choice in ALL:
        found = list(unknown_keys(make_values(CATALOG.components[name], choice, {}), known))
        assert found == []


@pytest.mark.parametrize("name", WITH_TEMPLATE)
def test_a_template_gives_the_same_values_twice(name):
    component = CATALOG.components[name]
    assert make_values(component, ALL[0], {}) == make_values(component, ALL[0], {})


def test_every_chart_but_the_optional_has_a_template_or_needs_none():
    bare = {"agentgateway-crds"}
    missing = {
        name
        for name, c in CATALOG.components.items()
        if c.version and c.version.chart and not c.optional and not c.values_template
    }
    assert missing == bare


@pytest.mark.parametrize(
    ("template", "line", "word"),
    [
        ("a: 1\nb: {{ nothing }}\n", 2, "'nothing' is undefined"),
        ("a: 1\n\n{% if %}\n", 3, "Expected an expression"),
        ("a: 1\nb: [\n", 3, "not YAML"),
        ("- a list\n", 1, "does not hold a mapping"),
    ],
)
def test_a_broken_template_is_our_bug_and_names_component_and_line(template, line, word):
    component = replace(CATALOG.components["keda"], values_template=template)
    with pytest.raises(RenderError) as caught:
        make_values(component, ALL[0], {})
    assert caught.value.exit_code == 70
    assert "keda" in caught.value.what
    assert f"templates/components/keda/values.yaml.j2:{line}: " in (caught.value.why or "")
    assert word in (caught.value.why or "")


def test_values_of_the_file_lie_over_our_own_mapping_by_mapping():
    assert merge({"a": {"b": 1, "c": 2}, "l": [1, 2]}, {"a": {"b": 3}, "l": [4]}) == {
        "a": {"b": 3, "c": 2},
        "l": [4],
    }


def test_kueue_waits_longer_than_the_slowest_start():
    values = make_values(CATALOG.components["kueue"], ALL[0], {})
    config = yaml.safe_load(values["managerConfig"]["controllerManagerConfigYaml"])
    assert config["waitForPodsReady"]["timeout"] == "45m"


def test_opencost_counts_a_gpu_as_the_plan_does():
    """Its custom prices are of a month of 730 hours, spotGPU alone of an hour."""
    values = make_values(CATALOG.components["opencost"], settings(gpu_usd_per_hour=0.704518), {})
    pricing = values["opencost"]["customPricing"]
    assert pricing["enabled"] is True
    assert pricing["costModel"]["customPricesEnabled"] == "true"
    assert pricing["costModel"]["GPU"] / 730 == pytest.approx(0.704518)
    assert pricing["costModel"]["spotGPU"] == 0.704518
    without = make_values(CATALOG.components["opencost"], settings(), {})
    assert "customPricing" not in without["opencost"]


def test_opencost_on_gke_needs_no_key_of_google():
    component = CATALOG.components["opencost"]
    gke, other = (make_values(component, settings(name), {}) for name in ("gke", "cluster"))
    assert gke["opencost"]["exporter"]["extraEnv"] == {"USE_CUSTOM_PROVIDER": "true"}
    assert "extraEnv" not in other["opencost"]["exporter"]


def test_opencost_leaves_the_state_of_kubernetes_to_kube_state_metrics():
    values = make_values(CATALOG.components["opencost"], settings(), {})
    assert values["opencost"]["metrics"]["kubeStateMetrics"] == {
        "emitKsmV1Metrics": False,
        "emitKsmV1MetricsOnly": True,
    }
