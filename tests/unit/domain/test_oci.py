"""References and digests as people write them."""

import pytest

from llmplat.domain.errors import InputError
from llmplat.domain.oci import Descriptor, Digest, Reference, canonical_json

HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ghcr.io/org/model:v1", ("ghcr.io", "org/model", "v1", None)),
        ("localhost:5000/m", ("localhost:5000", "m", None, None)),
        ("oci://r.example/a/b/c@sha256:" + HEX, ("r.example", "a/b/c", None, Digest(HEX))),
        ("[::1]:5000/m:t", ("[::1]:5000", "m", "t", None)),
        ("r.example/m:t@sha256:" + HEX, ("r.example", "m", "t", Digest(HEX))),
    ],
)
def test_what_is_a_reference(text: str, parts: tuple) -> None:
    found = Reference.parse(text)
    assert (found.registry, found.repository, found.tag, found.digest) == parts
    assert str(found) == text.removeprefix("oci://")


@pytest.mark.parametrize(
    "text",
    [
        "model:v1",
        "org/model:v1",
        "ghcr.io/Org/model",
        "ghcr.io/model:",
        "ghcr.io/model:-bad",
        "ghcr.io/",
        "ghcr.io/m@sha256:abc",
        "ghcr.io/m@md5:" + HEX,
        "https://ghcr.io/m",
        "ghcr.io/a//b",
        "ghcr.io/" + "a" * 300,
        "",
    ],
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Reference.parse(text)
    assert caught.value.why
    assert caught.value.fix


def test_descriptors_survive_their_document() -> None:
    made = Descriptor("type", Digest(HEX), 3, (("a", "b"),), "kind", (("os", "linux"),))
    assert Descriptor.parse(made.document()) == made


def test_canonical_json_has_one_spelling() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1}, {"size": 1.5}, {"size": True}, {"size": float("inf")}, {"size": 2**63}, {"size": "7"},
        {"annotations": ["x"]}, {"platform": "linux"},
    ],
)  # fmt: skip
def test_a_descriptor_that_is_none_is_refused(change: dict) -> None:
    good = {"mediaType": "m", "digest": f"sha256:{HEX}", "size": 7, "annotations": None}
    assert Descriptor.parse(good).size_bytes == 7
    with pytest.raises((ValueError, TypeError)):
        Descriptor.parse(good | change)
