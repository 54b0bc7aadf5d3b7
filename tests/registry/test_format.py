"""The same folder is the same image: by any path, from any machine, to any registry, interrupted or not."""

import json
import os
import shutil
from pathlib import Path

import pytest

from llmplat.adapters.model_source_hub import HubSource
from llmplat.adapters.oci_layout import LayoutRegistry
from llmplat.adapters.pack_members import list_folder, list_source
from llmplat.catalog.registries import RegistryFacts
from llmplat.domain.oci import Digest
from llmplat.pack.package import package
from llmplat.pack.request import LINUX_AMD64, LINUX_ARM64, BaseImage, PackRequest
from tests.fakes.hub import fake_hub
from tests.fakes.oci_registry import DIALECTS, fake_registry
from tests.fakes.real_registry import RealRegistry
from tests.fakes.recording_progress import RecordingProgress
from tests.registry.packing import MIB, QUICK, Packing, make_packing


@pytest.fixture
def packing(tmp_path: Path) -> Packing:
    return make_packing(tmp_path, shards=2, shard_bytes=9 * MIB)


def to_layout(folder: Path, request: PackRequest):
    registry = LayoutRegistry(folder, folder.with_suffix(".cache"))
    report = package(request, registry, RegistryFacts("layout"), "latest", RecordingProgress())
    return registry, report


def files_of(packing: Packing) -> PackRequest:
    return PackRequest(list_folder(packing.model), "m")


def test_every_dialect_and_a_layout_give_one_digest(packing: Packing, tmp_path: Path) -> None:
    digests = {to_layout(tmp_path / "layout", files_of(packing))[1].digest}
    for name in DIALECTS:
        with fake_registry(name) as registry:
            digests.add(packing.push(registry.address).digest)
            other = Packing(packing.model, tmp_path / f"cache-{name}")
            digests.add(other.push(registry.address, "again").digest)
    assert len(digests) == 1


def test_real_registries_give_that_digest(
    real: RealRegistry, packing: Packing, tmp_path: Path
) -> None:
    expected = to_layout(tmp_path / "layout", files_of(packing))[1].digest
    assert packing.push(real.address).digest == expected
    again = packing.push(real.address)
    assert (again.digest, again.sent_bytes) == (expected, 0)


def test_times_order_and_links_do_not_matter(packing: Packing, tmp_path: Path) -> None:
    expected = to_layout(tmp_path / "one", files_of(packing))[1].digest
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    names = sorted((p for p in packing.model.rglob("*") if p.is_file()), reverse=True)
    for number, path in enumerate(names):
        shutil.copyfile(path, blobs / str(number))
        os.utime(blobs / str(number), (number, number))
        link = snapshot / path.relative_to(packing.model)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blobs / str(number))
    request = PackRequest(list_folder(snapshot), "elsewhere")
    assert to_layout(tmp_path / "two", request)[1].digest == expected


def test_a_hub_gives_the_digest_of_the_folder(
    packing: Packing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = to_layout(tmp_path / "one", files_of(packing))[1].digest
    content = {
        path.relative_to(packing.model).as_posix(): path.read_bytes()
        for path in packing.model.rglob("*")
        if path.is_file()
    }
    with fake_hub(content) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        hub.drops = [3 * MIB, 1 * MIB]
        request = PackRequest(list_source(HubSource("org/tiny", "main", QUICK)), "hf://org/tiny")
        assert to_layout(tmp_path / "two", request)[1].digest == expected


def test_what_the_manifest_and_config_say(packing: Packing, tmp_path: Path) -> None:
    registry, report = to_layout(tmp_path / "layout", files_of(packing))
    manifest = registry.find_manifest("latest")
    assert manifest is not None
    document = manifest.document
    assert document["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert {layer["mediaType"] for layer in document["layers"]} == {
        "application/vnd.oci.image.layer.v1.tar"
    }
    digests = [layer["digest"] for layer in document["layers"]]
    assert len(set(digests)) == len(digests) == 3
    size = document["config"]["size"]
    config = json.loads(registry.read_blob(Digest.parse(document["config"]["digest"]), 0, size))
    assert config["rootfs"]["diff_ids"] == digests
    assert "created" not in config
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert report.image.digest == manifest.digest


def test_several_platforms_share_all_layers(packing: Packing, tmp_path: Path) -> None:
    request = PackRequest(list_folder(packing.model), "m", platforms=(LINUX_AMD64, LINUX_ARM64))
    registry, report = to_layout(tmp_path / "layout", request)
    index = registry.find_manifest("latest")
    assert index is not None
    entries = index.document["manifests"]
    assert [entry["platform"]["architecture"] for entry in entries] == ["amd64", "arm64"]
    layers = {
        tuple(layer["digest"] for layer in found.document["layers"])
        for entry in entries
        if (found := registry.find_manifest(entry["digest"]))
    }
    assert len(layers) == 1
    assert len(report.manifests) == 2


def test_a_base_lies_below_and_is_mounted(packing: Packing, tmp_path: Path) -> None:
    """The base's blobs are on the same registry: no byte of them is sent."""
    from llmplat.adapters.oci_registry import RegistryOptions, open_registry
    from llmplat.domain.oci import Reference

    with fake_registry("v3") as fake:
        base_model = make_packing(tmp_path / "base", shards=1, shard_bytes=9 * MIB)
        base_report = base_model.push(fake.address, "base")
        reference = Reference.parse(f"{fake.address}/team/model")
        options = RegistryOptions(patience=QUICK, facts=RegistryFacts("x"))
        env = {"HOME": str(tmp_path)}
        source = open_registry(reference, tmp_path / "c1", env, None, options)
        manifest = source.find_manifest(str(base_report.digest))
        assert manifest is not None
        target = open_registry(
            Reference.parse(f"{fake.address}/team/upon"), tmp_path / "c2", env, None, options
        )
        before = fake.body_bytes
        request = PackRequest(list_folder(packing.model), "m", BaseImage(source, (manifest,)))
        report = package(request, target, RegistryFacts("x"), "v1", RecordingProgress())
        own = sum(layer.descriptor.size_bytes for layer in report.layers)
        assert fake.body_bytes - before < own + 4096
        content = fake.tag("team/upon", "v1")
        assert content is not None
        layers = [one["digest"] for one in json.loads(content)["layers"]]
        below = [one["digest"] for one in manifest.document["layers"]]
        assert layers[: len(below)] == below
        assert len(layers) == len(below) + len(report.layers)
