"""How names of other registries become names in a mirror."""

import pytest

from llmplat.domain.errors import InputError
from llmplat.domain.mirror import MirrorPlace
from llmplat.domain.oci import Reference

PLACE = MirrorPlace.parse("registry.example.com:5000/team/mirror")
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("origin", "kept"),
    [
        ("ghcr.io/a/b:v1", "ghcr.io/a/b:v1"),
        (f"ghcr.io/a/b:v1@{DIGEST}", f"ghcr.io/a/b:v1@{DIGEST}"),
        (f"oci://quay.io/a@{DIGEST}", f"quay.io/a@{DIGEST}"),
        ("localhost:5001/a", "localhost_5001/a"),
        ("GHCR.io/a", "ghcr.io/a"),
    ],
)
def test_an_image_lies_under_its_host(origin: str, kept: str) -> None:
    mapped = PLACE.image(origin)
    assert mapped.removeprefix("oci://") == f"{PLACE}/{kept}"
    assert mapped.startswith("oci://") == origin.startswith("oci://")


def test_what_is_in_the_registry_stays() -> None:
    for text in ("registry.example.com:5000/models/a:v1", f"{PLACE}/ghcr.io/a:v1"):
        assert PLACE.image(text) == text
    assert PLACE.charts("oci://registry.example.com:5000/charts").endswith(":5000/charts")


def test_charts_of_the_web_become_charts_of_a_registry_of_their_own() -> None:
    web = PLACE.charts("https://charts.example.com/stable/")
    assert web == f"oci://{PLACE}/web/charts.example.com/stable"
    assert PLACE.charts("oci://charts.example.com/stable") == (
        f"oci://{PLACE}/charts.example.com/stable"
    )


def test_the_way_back() -> None:
    assert PLACE.origin(Reference.parse(f"{PLACE}/localhost_5001/a/b:v1")) == Reference.parse(
        "localhost:5001/a/b:v1"
    )
    for other in (f"{PLACE}/models/a", "registry.example.com:5000/a", "ghcr.io/a"):
        assert PLACE.origin(Reference.parse(other)) is None


def test_a_mirror_without_a_path() -> None:
    place = MirrorPlace.parse("registry.example.com")
    assert place.image("ghcr.io/a:v1") == "registry.example.com/ghcr.io/a:v1"
    assert place.origin(Reference.parse("registry.example.com/ghcr.io/a")) is not None


@pytest.mark.parametrize("text", ["registry", "https://registry.example.com", "a.example.com/Up"])
def test_no_place(text: str) -> None:
    with pytest.raises(InputError):
        MirrorPlace.parse(text)


def test_a_host_that_cannot_be_a_name_is_refused() -> None:
    with pytest.raises(InputError, match="no place in a mirror"):
        PLACE.image("[::1]:5000/a:v1")
    with pytest.raises(InputError):
        PLACE.charts("https://charts.example.com/Upper")
