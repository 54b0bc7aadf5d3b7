"""Artifacts of a tree go through a real registry port; digests of charts and images come back."""

import hashlib
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from llmplat.adapters.oci_registry import open_registry
from llmplat.apply.lock_cluster import pin_charts, pin_images
from llmplat.catalog.component_entries import PinnedVersion
from llmplat.catalog.load import load_catalog
from llmplat.cli.run import Run
from llmplat.cli.wiring_pins import cluster_pins
from llmplat.domain.errors import InputError
from llmplat.domain.manifest import Manifest
from llmplat.domain.oci import EMPTY, Reference
from llmplat.domain.registry import Blob
from llmplat.plan.make import make_plan
from llmplat.render.artifact import CONFIG, LAYER, make_artifact
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock
from tests.fakes.oci_registry import FakeRegistry
from tests.fakes.recording_progress import RecordingProgress

HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "docs" / "examples"
CATALOG = load_catalog(HOME)
ARTIFACT = make_artifact("x", (Manifest("a.yaml", "a: 1\n"),))


@pytest.fixture
def pins(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMPLAT_CACHE_HOME", str(tmp_path))
    run = Run.__new__(Run)
    object.__setattr__(run, "env", {"LLMPLAT_CACHE_HOME": str(tmp_path)})
    return cluster_pins(run, CATALOG)


def push(v3: FakeRegistry, name: str, tag: str, cache: Path) -> None:
    registry = open_registry(Reference.parse(f"{v3.address}/{name}"), cache, {})
    blobs = (Blob("config", EMPTY, (CONFIG,)), Blob("layer", LAYER, (ARTIFACT.layer,)))
    registry.push_blobs(blobs, RecordingProgress())
    pushed = registry.push_manifest(ARTIFACT.manifest, tag)
    assert pushed.digest == ARTIFACT.digest  # what was computed offline


def test_a_chart_in_a_registry_is_pinned_by_its_digest(v3, pins, tmp_path):
    push(v3, "charts/weather", "1.2.3", tmp_path)
    pin = PinnedVersion(
        "https://x", "2026-01-01", "1.2.3", "1", "weather", f"oci://{v3.address}/charts"
    )
    assert pins.chart(pin) == str(ARTIFACT.digest)
    with pytest.raises(InputError, match="is not there"):
        pins.chart(replace(pin, pinned="9.9.9"))


def test_an_image_is_pinned_by_its_digest(v3, pins, tmp_path):
    push(v3, "team/engine", "v1", tmp_path)
    assert pins.image(f"{v3.address}/team/engine:v1") == str(ARTIFACT.digest)


@pytest.fixture
def index(tmp_path):
    """A web server for chart indexes, and the folder that it shows."""
    folder = tmp_path / "web"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


def moved(v3, index, left_out=()):
    """The catalogue with its charts and images here, each pushed or listed but those left out."""
    address, folder = index
    components, entries = dict(CATALOG.components), {}
    for name, component in CATALOG.components.items():
        pin = component.version
        if pin is not None and pin.chart is not None:
            is_oci = pin.repository.startswith("oci://")
            if pin.chart not in left_out and is_oci:
                push(v3, f"charts/{pin.chart}", pin.pinned, folder.parent / "cache")
            if pin.chart not in left_out and not is_oci:
                row = {"version": pin.pinned, "digest": hashlib.sha256(name.encode()).hexdigest()}
                entries[pin.chart] = [row]
            here = f"oci://{v3.address}/charts" if is_oci else address
            components[name] = replace(component, version=replace(pin, repository=here))
    (folder / "index.yaml").write_text(yaml.safe_dump({"entries": entries}))
    images = {}
    for name, image in CATALOG.images.items():
        tag = image.reference.rpartition(":")[2]
        push(v3, f"images/{name}", tag, folder.parent / "cache")
        images[name] = replace(image, reference=f"{v3.address}/images/{name}:{tag}")
    return replace(CATALOG, components=components, images=images)


@pytest.fixture
def run(tmp_path):
    made = Run.__new__(Run)
    object.__setattr__(made, "env", {"LLMPLAT_CACHE_HOME": str(tmp_path / "cache")})
    return made


@pytest.mark.parametrize("name", ["smallest", "two-teams", "production"])
def test_every_chart_and_image_of_an_example_is_pinned_and_planned_with(name, v3, index, run):
    catalog = moved(v3, index)
    pins = cluster_pins(run, catalog)
    loaded = load_platform(EXAMPLES / f"cluster-{name}.yaml")
    lock = parse_lock((EXAMPLES / f"cluster-{name}.lock.yaml").read_text("utf-8"), "lock")
    charts, images = pin_charts(loaded.platform, pins), pin_images(loaded.platform, pins)
    lock = lock.model_copy(update={"charts": charts, "images": images})
    plan = make_plan(loaded.platform, lock, catalog)
    digests = {chart.name: chart.digest for chart in charts}
    ran = [one.chart for one in plan.cluster.applications if one.chart is not None]
    assert ran
    assert {one.name: one.digest for one in ran}.items() <= digests.items()
    assert digests["argo-cd"] == str(ARTIFACT.digest)


def test_all_that_is_not_there_is_told_at_once(v3, index, run):
    catalog = moved(v3, index, left_out=("kueue", "keda"))
    loaded = load_platform(EXAMPLES / "cluster-smallest.yaml")
    with pytest.raises(InputError) as caught:
        pin_charts(loaded.platform, cluster_pins(run, catalog))
    told = " ".join(finding.what for finding in caught.value.findings)
    assert "charts/kueue:0.19.2 is not there" in told
    assert "does not have the chart keda 2.20.2" in told
