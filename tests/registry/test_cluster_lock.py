"""Artifacts of a tree go through a real registry port; digests of charts and images come back."""

from dataclasses import replace
from pathlib import Path

import pytest

from llmplat.adapters.oci_registry import open_registry
from llmplat.catalog.entries import PinnedVersion
from llmplat.catalog.load import load_catalog
from llmplat.cli.run import Run
from llmplat.cli.wiring_pins import cluster_pins
from llmplat.domain.errors import InputError
from llmplat.domain.manifest import Manifest
from llmplat.domain.oci import EMPTY, Reference
from llmplat.domain.registry import Blob
from llmplat.render.artifact import CONFIG, LAYER, make_artifact
from tests.fakes.oci_registry import FakeRegistry
from tests.fakes.recording_progress import RecordingProgress

CATALOG = load_catalog(Path(__file__).parents[2])
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
