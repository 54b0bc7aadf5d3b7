"""Every way to tamper with an image makes verification fail, and say where."""

import dataclasses
import json

import pytest

from llmplat.adapters.signing_key import PemSigner, PemVerifier
from llmplat.domain.errors import InputError
from llmplat.domain.oci import Descriptor, Digest, Manifest, Reference, canonical_json
from llmplat.pack.attach import CYCLONEDX
from llmplat.pack.image_check import ImageChecks
from llmplat.pack.request import PackReport
from llmplat.pack.signature import BUNDLE
from llmplat.pack.verify import verify_image
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.packed_model import REPOSITORY, pack_small_model
from tests.fakes.recording_progress import RecordingProgress
from tests.fakes.signing import new_key

KEY = new_key()
OTHER = new_key()


@dataclasses.dataclass
class Pushed:
    """A signed image in a registry of the test's own."""

    registry: MemoryRegistry
    report: PackReport

    def verify(self, key=KEY, tag: str = "v1") -> ImageChecks:
        reference = Reference.parse(f"{REPOSITORY}:{tag}")
        verifier = PemVerifier(key.public_key()) if key else None
        return verify_image(self.registry, reference, verifier, RecordingProgress())

    def problems(self, key=KEY, tag: str = "v1") -> dict[str, str]:
        return {f"{c.what} | {c.where}": str(c.problem) for c in self.verify(key, tag).failed}

    def attached(self, predicate: str, media_type: str = BUNDLE) -> tuple[Manifest, dict]:
        """The manifest that attaches the document of that kind, and its document."""
        for entry in self.registry.referrers(self.report.digest):
            manifest = self.registry.manifests[entry.digest]
            document = manifest.document
            if (
                document["artifactType"] == media_type
                and predicate in document["annotations"]["dev.sigstore.bundle.predicateType"]
            ):
                content = self.registry.blobs[Digest.parse(document["layers"][0]["digest"])]
                return manifest, json.loads(content)
        raise AssertionError(predicate)

    def replace(self, manifest: Manifest, content: dict) -> None:
        """Attach `content` in the place of what `manifest` attaches."""
        document = manifest.document
        data = canonical_json(content)
        self.registry.blobs[Digest.of(data)] = data
        media_type = document["layers"][0]["mediaType"]
        document["layers"] = [Descriptor(media_type, Digest.of(data), len(data)).document()]
        made = Manifest(manifest.media_type, canonical_json(document))
        del self.registry.manifests[manifest.digest]
        self.registry.manifests[made.digest] = made


@pytest.fixture(scope="module")
def packed() -> Pushed:
    registry = MemoryRegistry()
    return Pushed(registry, pack_small_model(registry, PemSigner(KEY)))


@pytest.fixture
def pushed(packed: Pushed) -> Pushed:
    whole = packed.registry
    copy = MemoryRegistry(
        blobs=dict(whole.blobs), manifests=dict(whole.manifests), tags=dict(whole.tags)
    )
    return Pushed(copy, packed.report)


def test_what_was_packed_holds(pushed: Pushed) -> None:
    done = pushed.verify()
    assert not done.failed
    assert done.is_signature_checked
    assert {check.what for check in done.checks} >= {
        "layer", "signed signature", "signed provenance", "signed bill of materials",
    }  # fmt: skip


def test_without_a_key_everything_but_the_signature_is_checked(pushed: Pushed) -> None:
    done = pushed.verify(key=None)
    assert not done.failed
    assert not done.is_signature_checked


@pytest.mark.parametrize("layer", [0, 1])
def test_a_flipped_byte_names_the_layer(pushed: Pushed, layer: int) -> None:
    where = pushed.report.layers[layer].descriptor
    content = bytearray(pushed.registry.blobs[where.digest])
    content[len(content) // 2] ^= 1
    pushed.registry.blobs[where.digest] = bytes(content)
    (name,) = pushed.problems()
    assert str(where.digest) in name
    assert f"layer {layer}" in name


def test_a_truncated_layer_says_by_how_much(pushed: Pushed) -> None:
    where = pushed.report.layers[1].descriptor
    pushed.registry.blobs[where.digest] = pushed.registry.blobs[where.digest][:-512]
    ((name, problem),) = pushed.problems().items()
    assert "layer 1" in name
    assert str(where.size_bytes) in problem


def test_a_missing_layer_is_named(pushed: Pushed) -> None:
    where = pushed.report.layers[1].descriptor
    del pushed.registry.blobs[where.digest]
    (name,) = pushed.problems()
    assert str(where.digest) in name


def test_a_swapped_layer_is_another_image_that_nobody_signed(pushed: Pushed) -> None:
    """The layer, the config and the manifest are replaced together, and the tag moved."""
    other = MemoryRegistry()
    pack_small_model(other, PemSigner(OTHER), weights_bytes=9_000_002)
    for digest, content in other.blobs.items():
        pushed.registry.blobs[digest] = content
    pushed.registry.manifests |= other.manifests
    pushed.registry.tags["v1"] = other.tags["v1"]
    problems = pushed.problems()
    assert any(name.startswith("signed signature") for name in problems)
    assert any(name.startswith("signed provenance") for name in problems)


def test_a_signature_moved_to_another_image_is_seen(pushed: Pushed) -> None:
    other = MemoryRegistry()
    report = pack_small_model(other, weights_bytes=9_000_002)
    manifest, _ = pushed.attached("cosign")
    document = manifest.document
    document["subject"]["digest"] = str(report.digest)
    moved = Manifest(manifest.media_type, canonical_json(document))
    other.manifests[moved.digest] = moved
    other.blobs |= pushed.registry.blobs
    problems = Pushed(other, report).problems()
    assert any("another image" in problem for problem in problems.values())


def test_a_layer_swapped_in_the_manifest_alone_breaks_its_config(pushed: Pushed) -> None:
    manifest = pushed.registry.manifests[pushed.report.digest]
    document = manifest.document
    document["layers"].reverse()
    made = Manifest(manifest.media_type, canonical_json(document))
    pushed.registry.manifests[made.digest] = made
    pushed.registry.tags["v1"] = made.digest
    problems = pushed.problems()
    assert any(name.startswith("manifest and config") for name in problems)


def test_a_stripped_signature_is_missed(pushed: Pushed) -> None:
    manifest, _ = pushed.attached("cosign")
    del pushed.registry.manifests[manifest.digest]
    ((name, problem),) = pushed.problems().items()
    assert name.startswith("signed signature")
    assert "none by this key" in problem


def test_everything_stripped_is_missed(pushed: Pushed) -> None:
    for entry in pushed.registry.referrers(pushed.report.digest):
        del pushed.registry.manifests[entry.digest]
    assert len(pushed.problems()) == 3


def test_edited_provenance_names_where_it_is_attached(pushed: Pushed) -> None:
    import base64

    manifest, bundle = pushed.attached("slsa")
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    definition = statement["predicate"]["buildDefinition"]
    definition["resolvedDependencies"][0]["digest"]["gitCommit"] = "0" * 40
    payload = canonical_json(statement)
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    pushed.replace(manifest, bundle)
    problems = pushed.problems()
    assert any("edited afterwards" in problem for problem in problems.values())
    assert any(name.startswith("signed provenance") for name in problems)


def test_an_edited_bill_of_materials_beside_the_signed_one_is_seen(pushed: Pushed) -> None:
    manifest, sbom = pushed.attached("cyclonedx", CYCLONEDX)
    sbom["components"][0]["components"][0]["hashes"][0]["content"] = "0" * 64
    pushed.replace(manifest, sbom)
    ((name, problem),) = pushed.problems().items()
    assert name.startswith("bill of materials")
    assert "README.md has sha256" in problem


def test_a_wrong_claim_of_the_hub_is_seen_even_when_it_was_signed() -> None:
    registry = MemoryRegistry()
    report = pack_small_model(registry, PemSigner(KEY), wrong_hash_of="model.safetensors")
    problems = Pushed(registry, report).problems()
    assert problems
    assert all("model.safetensors has sha256" in problem for problem in problems.values())


def test_another_key_finds_nothing_of_its_own(pushed: Pushed) -> None:
    problems = pushed.problems(key=OTHER)
    assert len(problems) == 3
    assert all("none by this key" in problem for problem in problems.values())


def test_an_unsigned_image_passes_without_a_key_and_fails_with_one() -> None:
    registry = MemoryRegistry()
    pushed = Pushed(registry, pack_small_model(registry, with_hashes=False))
    assert not pushed.problems(key=None)
    assert len(pushed.problems()) == 3


def test_no_such_tag(pushed: Pushed) -> None:
    with pytest.raises(InputError, match="There is no image"):
        pushed.verify(tag="v9")


def test_the_same_model_is_described_and_signed_with_the_same_bytes(packed: Pushed) -> None:
    again = MemoryRegistry()
    pack_small_model(again, PemSigner(KEY))
    assert again.manifests == packed.registry.manifests
    assert again.blobs == packed.registry.blobs
