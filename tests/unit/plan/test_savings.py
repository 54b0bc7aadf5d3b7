"""What a pause saves: the catalogue's own prices, and "unknown" where it has none."""

import csv

from llmplat.catalog.load import DATA, load_catalog
from llmplat.plan.savings import savings_of
from llmplat.spec.load import parse_platform
from tests.cluster.plane.rendered import HOME

_GKE = """
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: small
substrate:
  gke:
    project: my-project
    region: us-central1
    pools: [{name: gpu, machine: g2-standard-8, gpu: l4, count: 1, max: 2, spot: true}]
gitops: {git: {url: "https://git.example.com/p.git"}}
models: [{name: chat, source: "hf://Qwen/Qwen3-8B@main", gpu: l4}]
"""


def test_a_pool_saves_its_own_price() -> None:
    platform = parse_platform(_GKE, "platform.yaml").platform
    (found,) = savings_of(platform, {"chat": 2}, load_catalog(HOME))
    rows = csv.DictReader((DATA / "prices" / "gcp.csv").read_text().splitlines())
    (usd,) = (
        float(row["spot_usd_per_hour"])
        for row in rows
        if (row["machine_type"], row["region"]) == ("g2-standard-8", "us-central1")
    )
    assert found.usd_per_month == round(usd * 2 * 730, 2)
    assert "spot in us-central1" in found.how
    assert found.what == "2 x g2-standard-8 of the pool gpu"


def test_machines_that_a_pool_always_has_are_saved_whole() -> None:
    """By hand: a3-highgpu-8g in us-central1 has 8 GPUs; 3 of them rest, 2 machines are always there."""
    text = _GKE.replace(
        "g2-standard-8, gpu: l4, count: 1, max: 2, spot: true",
        "a3-highgpu-8g, gpu: h100-80gb, count: 8, min: 2, max: 3",
    ).replace("gpu: l4", "gpu: h100-80gb")
    platform = parse_platform(text, "platform.yaml").platform
    rows = csv.DictReader((DATA / "prices" / "gcp.csv").read_text().splitlines())
    (usd,) = (
        float(row["on_demand_usd_per_hour"])
        for row in rows
        if (row["machine_type"], row["region"]) == ("a3-highgpu-8g", "us-central1")
    )
    for gpus in (3, 16):
        (found,) = savings_of(platform, {"chat": gpus}, load_catalog(HOME))
        assert found.usd_per_month == round(usd * 2 * 730, 2)
    (found,) = savings_of(platform, {"chat": 17}, load_catalog(HOME))
    assert found.usd_per_month == round(usd * 3 * 730, 2)


def test_a_price_that_nobody_knows_is_said() -> None:
    platform = parse_platform(_GKE.replace("us-central1", "mars-north1"), "platform.yaml").platform
    (found,) = savings_of(platform, {"chat": 1}, load_catalog(HOME))
    assert found.usd_per_month is None
    assert found.how.startswith("unknown")


def test_a_cluster_of_ones_own_is_priced_with_a_word_of_caution() -> None:
    text = (HOME / "docs" / "examples" / "cluster-two-teams.yaml").read_text()
    platform = parse_platform(text, "platform.yaml").platform
    found = savings_of(platform, {"writer": 2, "assistant": 0}, load_catalog(HOME))
    assert [one.what for one in found] == ["2 GPUs l4"]
    assert (found[0].usd_per_month or 0) > 0
    assert "only where the nodes go too" in found[0].how
