"""What a chart renders with our values is what its component declares, so its project lets it in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from llmplat.render.values import make_values
from tests.fakes.cluster_platform import catalog, plan_with

pytestmark = pytest.mark.catalog
HOME = Path(__file__).parents[2]
SOURCES = Path(os.environ.get("LLMPLAT_CHART_SOURCES", HOME.parent / "shared" / "chart-sources"))
"""A folder for each component, with its chart unpacked."""
HELM = os.environ.get("LLMPLAT_HELM") or shutil.which("helm")
APIS = ("resource.k8s.io/v1", "monitoring.coreos.com/v1", "cert-manager.io/v1")
WITH_CHART = [n for n, c in catalog().components.items() if c.version and c.version.chart]


def claimed(document):
    document["substrate"]["cluster"]["gpuAllocation"] = "dra"


@pytest.mark.parametrize("name", WITH_CHART)
def test_a_chart_renders_no_kind_that_its_component_does_not_declare(name, tmp_path):
    chart = SOURCES / name
    if HELM is None or not chart.is_dir():
        pytest.skip(f"no helm (LLMPLAT_HELM) or no chart at {chart} (LLMPLAT_CHART_SOURCES)")
    component = catalog().components[name]
    for change, example in ((claimed, "cluster-two-teams"), (None, "cluster-production")):
        cluster = plan_with(change, name=example).cluster
        values = tmp_path / f"{example}.yaml"
        values.write_text(yaml.safe_dump(make_values(component, cluster.settings, {})))
        words = [HELM, "template", name, str(chart), "-f", str(values), "--include-crds"]
        words += ["-n", component.namespace or "default", "--kube-version", cluster.kubernetes]
        words += [word for api in APIS for word in ("--api-versions", api)]
        ran = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
        assert kinds_of(ran.stdout) <= {*component.kinds.cluster, *component.kinds.namespaced}


def kinds_of(text):
    """group/Kind of every object; every scalar stays a text, a bare `=` among them."""
    objects = [one for one in yaml.load_all(text, Loader=yaml.CBaseLoader) if one]
    return {f"{one['apiVersion'].rpartition('/')[0]}/{one['kind']}" for one in objects}
