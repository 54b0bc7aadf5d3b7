"""`llmplat cost` on a cluster that runs OpenCost: every form, and an OpenCost that does not answer."""

import csv
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from llmplat.adapters import cluster_ledger
from llmplat.adapters.local_ledger import LocalLedger
from llmplat.cli import wiring_cluster
from llmplat.domain.errors import ClusterError
from llmplat.gateway.store import SqliteStore
from tests.cli.conftest import Llmplat
from tests.fakes.cluster import FakeCluster
from tests.fakes.opencost import FakeOpenCost, serve_opencost

_EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


class _Cluster(FakeCluster):
    """Its port-forward leads to the OpenCost of this test and to nobody else."""

    def __init__(self, opencost: str | None) -> None:
        super().__init__()
        self.to = opencost
        self.asked: list[tuple[str, str, int]] = []

    @contextmanager
    def forward(self, namespace: str, service: str, port: int) -> Iterator[str]:
        self.asked.append((namespace, service, port))
        if namespace != "opencost" or self.to is None:
            raise ClusterError(f"The Service {namespace}/{service} leads nowhere.", "no pod of it")
        yield self.to


@pytest.fixture(scope="module")
def served() -> Iterator[FakeOpenCost]:
    with serve_opencost() as fake:
        fake.hold("models-team-b/coder", 5.0, 3.5)
        fake.hold("models-platform/assistant", 20.0, 7.0)
        fake.hold("research/__unallocated__", 2.0, 1.0)
        fake.hold("kube-system/__unallocated__", 0.0, 0.0)
        yield fake


@pytest.fixture
def opencost(served: FakeOpenCost) -> FakeOpenCost:
    served.body, served.status = None, 200
    served.asked.clear()
    return served


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opencost: FakeOpenCost) -> _Cluster:
    """The example with two teams, its ledger with one request, and OpenCost switched on."""
    document = yaml.safe_load((_EXAMPLES / "cluster-two-teams.yaml").read_text())
    switched = {"opencost": {"enabled": True}, "usage-ledger": {"enabled": True}}
    document["components"] = {**document.get("components", {}), **switched}
    (tmp_path / "platform.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    lock = (_EXAMPLES / "cluster-two-teams.lock.yaml").read_text()
    (tmp_path / "platform.lock.yaml").write_text(lock)
    ended = round(time.time() * 1000)
    request = ("a", ended, "team-b", "app", "coder", "interactive", "coder@0", "engine",
               900_000, 100_000, 5_000_000_000, 3_600_000, "answered", "", "")  # fmt: skip
    SqliteStore(tmp_path / "ledger.sqlite").write([request], ended // 60_000)

    @contextmanager
    def ledger(*_: object) -> Iterator[LocalLedger]:
        yield LocalLedger(tmp_path / "ledger.sqlite")

    cluster = _Cluster(opencost.url)
    monkeypatch.setattr(cluster_ledger, "open_cluster_ledger", ledger)
    monkeypatch.setattr(wiring_cluster, "open_cluster", lambda *_: cluster)
    return cluster


def test_json_names_the_source_of_each_figure(llmplat: Llmplat, cluster: _Cluster) -> None:
    ran = llmplat("cost", "--since", "24h", "-o", "json")
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    assert cluster.asked[-1] == ("opencost", "opencost", 9003)
    gpus = [use for use in document["gpus"] if (use["by"], use["name"]) == ("model", "coder")]
    assert [(use["source"], use["gpuHours"]) for use in gpus] == [("plan", 0.05), ("opencost", 5.0)]
    assert gpus[1]["nanousd"] == 3_500_000_000 == gpus[1]["nanousdPerMillionTokens"]
    assert {one["hoursFrom"] for one in document["models"]} == {"plan"}
    assert [one["code"] for one in document["findings"]] == ["cost-monitor-prices"]


def test_a_person_sees_a_line_for_each_source(llmplat: Llmplat, cluster: _Cluster) -> None:
    lines = llmplat("cost", "--by", "namespace", "-o", "human").out.splitlines()
    head = next(line for line in lines if "GPU cost" in line)
    assert head.split()[:4] == ["namespace", "source", "GPU", "hours"]
    told = [line.split()[:4] for line in lines if "opencost" in line]
    assert ["models-team-b", "opencost", "5.00", "$3.50"] in told
    assert ["research", "opencost", "2.00", "$1.00"] in told


def test_csv_keeps_sources_in_columns_of_their_own(
    llmplat: Llmplat, cluster: _Cluster, tmp_path: Path
) -> None:
    ran = llmplat("cost", "--by", "tenant", "--since", "24h", "--csv", str(tmp_path / "c.csv"))
    assert ran.code == 0, ran.err
    with (tmp_path / "c.csv").open() as file:
        rows = {row["tenant"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"team-b", "platform", "team-a", "total"}
    assert rows["team-b"]["opencost_gpu_hours"] == "5.0"
    assert rows["platform"]["answered"] == "0"  # no request of its own, GPUs all the same
    assert rows["team-a"]["opencost_gpu_hours"] == ""
    assert rows["total"]["opencost_gpu_nanousd"] == "10500000000"


def test_csv_by_app_has_no_gpu_columns(llmplat: Llmplat, cluster: _Cluster, tmp_path: Path) -> None:
    llmplat("cost", "--by", "app", "--csv", str(tmp_path / "c.csv"))
    assert (tmp_path / "c.csv").read_text().splitlines()[0].endswith(",external_nanousd")


def test_the_page_has_bars_of_both_sources(
    llmplat: Llmplat, cluster: _Cluster, tmp_path: Path
) -> None:
    llmplat("cost", "--by", "model", "--since", "24h", "--html", str(tmp_path / "c.html"))
    page = (tmp_path / "c.html").read_text()
    assert "GPU hours by model and source" in page
    assert "coder (plan)" in page
    assert "coder (opencost)" in page


def test_plain_has_a_record_for_each(llmplat: Llmplat, cluster: _Cluster) -> None:
    lines = llmplat("cost", "-o", "plain").out.splitlines()
    assert [line for line in lines if line.startswith("gpus\tnamespace\tresearch\topencost\t2.0\t")]


@pytest.mark.parametrize("form", ["human", "plain", "json"])
def test_one_that_fails_is_a_warning_and_the_ledger_is_told(
    llmplat: Llmplat, cluster: _Cluster, opencost: FakeOpenCost, form: str
) -> None:
    opencost.status, opencost.body = 500, '{"code":500,"message":"Error: no Prometheus"}'
    ran = llmplat("cost", "--since", "24h", "-o", form)
    assert ran.code == 0, ran.err
    assert "GPU hours of OpenCost are missing" in ran.out
    assert "HTTP 500" in ran.out
    assert "coder" in ran.out


def test_one_without_a_ready_pod_is_a_warning_on_the_page_too(
    llmplat: Llmplat, cluster: _Cluster, tmp_path: Path
) -> None:
    cluster.to = None
    page = tmp_path / "c.html"
    ran = llmplat("cost", "--html", str(page), "-o", "json")
    finding = json.loads(ran.out)["findings"][0]
    assert (finding["code"], finding["severity"]) == ("cost-monitor-silent", "warning")
    assert "leads nowhere" in page.read_text()


def test_where_it_is_off_nobody_asks(llmplat: Llmplat, cluster: _Cluster, tmp_path: Path) -> None:
    document = yaml.safe_load((tmp_path / "platform.yaml").read_text())
    del document["components"]["opencost"]
    (tmp_path / "platform.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    found = json.loads(llmplat("cost", "-o", "json").out)
    assert (found["gpus"], found["findings"]) == ([], [])
    assert "opencost" not in {namespace for namespace, *_ in cluster.asked}
