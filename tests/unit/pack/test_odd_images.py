"""No image breaks its readers: each place of each document, each odd value, is read or refused in words."""

import copy
import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from llmplat.adapters.signing_key import PemSigner, PemVerifier
from llmplat.domain.errors import LlmplatError
from llmplat.domain.oci import Descriptor, Digest, Manifest, Reference
from llmplat.pack.inspect import inspect_image
from llmplat.pack.verify import verify_image
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.packed_model import REPOSITORY, pack_small_model
from tests.fakes.recording_progress import RecordingProgress
from tests.fakes.signing import new_key
from tests.odd_values import Path, Steps, odd_at, places

KEY = new_key()
REFERENCE = Reference.parse(f"{REPOSITORY}:v1")
ODD: tuple[Any, ...] = (
    None, True, -1, 0.5, math.inf, 2**63, "", "x", f"sha256:{'0' * 64}", [], [None], ["x"], {}, {"x": None},
)  # fmt: skip


def few(_path: Path, steps: Steps) -> Steps:
    """Of the entries of a list the first and the last."""
    is_list = bool(steps) and isinstance(steps[0][0], int)
    return steps[:1] + steps[1:][-1:] if is_list else steps


def odd_ones(document: Any) -> Iterator[bytes]:
    """`document` with each odd value at each place, and in the place of the whole."""
    changed = copy.deepcopy(document)
    for path in list(places(changed, few)):
        for odd in ODD:
            with odd_at(changed, path, odd):
                yield json.dumps(changed).encode()
    for odd in ODD:
        yield json.dumps(odd).encode()
    yield b"[" * 100_000


@pytest.fixture(scope="module")
def packed() -> MemoryRegistry:
    registry = MemoryRegistry()
    pack_small_model(registry, PemSigner(KEY), weights_bytes=2000)
    return registry


def copy_of(packed: MemoryRegistry) -> MemoryRegistry:
    return MemoryRegistry(
        blobs=dict(packed.blobs), manifests=dict(packed.manifests), tags=dict(packed.tags)
    )


def read(registry: MemoryRegistry, *, deeply: bool = True) -> None:
    """As `model inspect` and `model verify` read it; they may refuse, in words."""
    with suppress(LlmplatError):
        inspect_image(registry, REFERENCE)
    if deeply:
        with suppress(LlmplatError):
            verify_image(registry, REFERENCE, PemVerifier(KEY.public_key()), RecordingProgress())


def replaced(packed: MemoryRegistry, old: Manifest, content: bytes) -> MemoryRegistry:
    """`content` as what `old` was; who names it names the new one."""
    registry = copy_of(packed)
    made = Manifest(old.media_type, content)
    del registry.manifests[old.digest]
    registry.manifests[made.digest] = made
    registry.tags = {
        tag: made.digest if digest == old.digest else digest
        for tag, digest in registry.tags.items()
    }
    return registry


def test_the_image_itself_is_read(packed: MemoryRegistry) -> None:
    checks = verify_image(packed, REFERENCE, PemVerifier(KEY.public_key()), RecordingProgress())
    assert not checks.failed


def test_its_manifest(packed: MemoryRegistry) -> None:
    top = packed.find_manifest("v1")
    assert top is not None
    for content in odd_ones(top.document):
        read(replaced(packed, top, content))


def test_the_manifests_of_an_index(packed: MemoryRegistry) -> None:
    top = packed.find_manifest("v1")
    assert top is not None
    entry = replace(
        top.descriptor, platform=(("architecture", "amd64"), ("os", "linux"))
    ).document()
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    }
    for content in odd_ones(index):
        registry = copy_of(packed)
        made = Manifest(index["mediaType"], content)  # type: ignore[arg-type]  # a text
        registry.manifests[made.digest] = made
        registry.tags["v1"] = made.digest
        read(registry, deeply=False)


def test_its_config(packed: MemoryRegistry) -> None:
    top = packed.find_manifest("v1")
    assert top is not None
    document = top.document
    config = json.loads(packed.blobs[Digest.parse(document["config"]["digest"])])
    for content in odd_ones(config):
        named = Descriptor(document["config"]["mediaType"], Digest.of(content), len(content))
        changed = json.dumps(document | {"config": named.document()}).encode()
        registry = replaced(packed, top, changed)
        registry.blobs[named.digest] = content
        read(registry)


def test_what_is_attached(packed: MemoryRegistry) -> None:
    top = packed.find_manifest("v1")
    assert top is not None
    for entry in packed.referrers(top.digest):
        old = packed.manifests[entry.digest]
        for content in odd_ones(old.document):
            read(replaced(packed, old, content))


def test_the_documents_attached(packed: MemoryRegistry) -> None:
    top = packed.find_manifest("v1")
    assert top is not None
    for entry in packed.referrers(top.digest):
        old = packed.manifests[entry.digest]
        layer = old.document["layers"][0]
        for content in odd_ones(json.loads(packed.blobs[Digest.parse(layer["digest"])])):
            named = Descriptor(layer["mediaType"], Digest.of(content), len(content))
            changed = json.dumps(old.document | {"layers": [named.document()]}).encode()
            registry = replaced(packed, old, changed)
            registry.blobs[named.digest] = content
            read(registry)
