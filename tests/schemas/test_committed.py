"""The schemas that llmplat ships are what their sources make, and say where they are from."""

import gzip
import json
import os
from pathlib import Path

import pytest

from llmplat.catalog.charts import DATA as CHART_DATA
from llmplat.catalog.charts import load_chart
from llmplat.catalog.schemas import DATA, kubernetes_versions, load_group, load_kubernetes
from tests.schemas.build import CRDS, KUBERNETES, api_from, crd_groups
from tests.schemas.charts import CHARTS, charts_of

pytestmark = pytest.mark.catalog


def shipped(folder):
    return {
        path.name.removesuffix(".json.gz"): json.loads(gzip.decompress(path.read_bytes()))
        for path in folder.glob("*.json.gz")
    }


def test_the_crds_are_what_their_sources_make():
    if not (CRDS / "SOURCES.tsv").is_file():
        pytest.skip(f"the upstream CRDs are not here: {CRDS} (LLMPLAT_CRDS says where)")
    ours = {n: g for n, g in shipped(DATA).items() if not n.startswith("kubernetes-")}
    assert ours == crd_groups(CRDS)


def test_the_charts_are_what_their_sources_make():
    if not (CHARTS / "SOURCES.tsv").is_file():
        pytest.skip(f"the charts' values are not here: {CHARTS} (LLMPLAT_CHARTS says where)")
    assert shipped(CHART_DATA) == charts_of(CHARTS)


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_api_of_kubernetes_is_what_its_source_makes(version):
    cache = Path(os.environ.get("GOMODCACHE", Path.home() / "go" / "pkg" / "mod"))
    kubernetes = cache / "k8s.io" / f"kubernetes@v{version}"
    types = cache / "k8s.io" / f"api@v0{version[1:]}"
    for folder in (kubernetes, types):
        if not (folder / "go.mod").is_file():
            pytest.skip(f"`go mod download` has not brought {folder.name}: no {folder}")
    made = api_from(kubernetes, types, version)
    assert shipped(DATA)[f"kubernetes-{version.rpartition('.')[0]}"] == made


def test_every_version_of_kubernetes_is_shipped():
    assert list(kubernetes_versions()) == [v.rpartition(".")[0] for v in KUBERNETES]
    for version in kubernetes_versions():
        api = load_kubernetes(version)
        assert {"v1/Pod", "apps/v1/Deployment", "batch/v1/CronJob"} <= set(api.kinds)
        assert api.kinds["v1/Pod"]["scope"] == "Namespaced"
        assert api.kinds["v1/Namespace"]["scope"] == "Cluster"


@pytest.mark.parametrize("name", sorted(p.name.removesuffix(".json.gz") for p in DATA.glob("*.gz")))
def test_every_file_says_where_it_is_from(name):
    facts = json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))
    assert facts["kinds"]
    for source in facts["sources"]:
        assert "@" in source
        assert source.endswith(("(Apache-2.0)", "(MIT)"))


def test_every_chart_says_where_it_is_from():
    for path in CHART_DATA.glob("*.json.gz"):
        chart = load_chart(path.name.removesuffix(".json.gz"))
        assert chart is not None
        assert "@" in chart.source
        assert chart.source.endswith(("(Apache-2.0)", "(MIT)", "(BSD-3-Clause)")), chart.source


def test_no_prose_is_shipped_and_all_of_it_is_small():
    files = [*DATA.glob("*.json.gz"), *CHART_DATA.glob("*.json.gz")]
    assert sum(path.stat().st_size for path in files) < 700_000
    for path in DATA.glob("*.json.gz"):
        text = gzip.decompress(path.read_bytes()).decode()
        assert '"description":"' not in text


def test_a_bare_equals_sign_is_a_text():
    group = load_group("monitoring.coreos.com")
    assert group is not None
    assert '"="' in json.dumps(group.kinds["v1alpha1/AlertmanagerConfig"])
