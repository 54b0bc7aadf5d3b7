"""A new component is one folder: added in a copy it is pinned, planned, rendered and explained."""

import shutil
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.render.explain import explain
from llmplat.render.tree import make_tree
from llmplat.spec.load import load_platform
from llmplat.spec.lock import LockedChart, parse_lock

pytestmark = pytest.mark.catalog
HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "docs" / "examples"
COMPONENT = """name: weather
layer: platform
purpose: Tells what it is like outside.
needs: [kubernetes]
requires: [namespaces, kube-prometheus-stack]
namespace: weather
kinds:
  namespaced: [apps/Deployment, /Service]
version:
  chart: weather
  repository: oci://registry.example.com/charts
  pinned: "1.2.3"
  app: "1.2.3"
  source: https://example.com/weather
  as_of: 2026-11-21
"""
VALUES = "replicas: {{ replicas }}\nprometheus: {{ prometheus_url | tojson }}\n"


@pytest.fixture
def home(tmp_path):
    for name in ("profiles", "templates", "infra"):
        shutil.copytree(HOME / name, tmp_path / name)
    folder = tmp_path / "templates" / "components" / "weather"
    folder.mkdir()
    (folder / "component.yaml").write_text(COMPONENT)
    (folder / "values.yaml.j2").write_text(VALUES)
    return tmp_path


def test_one_folder_is_all_it_takes(home):
    catalog = load_catalog(home)
    loaded = load_platform(EXAMPLES / "cluster-production.yaml")
    lock = parse_lock((EXAMPLES / "cluster-production.lock.yaml").read_text("utf-8"), "lock")
    chart = LockedChart(name="weather", version="1.2.3", digest=f"sha256:{'a' * 64}")
    lock = lock.model_copy(update={"charts": (*lock.charts, chart)})
    plan = make_plan(loaded.platform, lock, catalog)
    tree = make_tree(plan, catalog)
    child = yaml.safe_load(tree.text("root/applications/weather.yaml"))
    assert child["spec"]["source"]["helm"]["valuesObject"] == {
        "replicas": 2,
        "prometheus": "http://kube-prometheus-stack-prometheus.monitoring.svc:9090",
    }
    assert child["spec"]["source"]["repoURL"] == "oci://registry.example.com/charts/weather"
    waves = {one.name: one.wave for one in plan.cluster.applications}
    assert waves["weather"] > waves["kube-prometheus-stack"]
    assert yaml.safe_load(tree.text("apps/namespaces/namespace-weather.yaml"))
    project = yaml.safe_load(tree.text("root/projects/platform.yaml"))["spec"]
    assert "oci://registry.example.com/charts/weather" in project["sourceRepos"]
    assert explain("weather", loaded, plan, catalog).is_running
