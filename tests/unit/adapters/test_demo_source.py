"""Where a bundled demo model is read from."""

import pytest

from llmplat.adapters.model_source import open_source
from llmplat.adapters.model_source_demo import DEMOS, PackageSource
from llmplat.adapters.model_source_hub import HubSource
from llmplat.catalog.read import read_mapping
from llmplat.domain.errors import InputError
from llmplat.domain.model_record import digest_files

SOURCE = "demo://smollm2-135m-instruct"
FACTS = read_mapping(DEMOS / "smollm2-135m-instruct.yaml")


def test_without_a_hub_the_package_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert isinstance(open_source(SOURCE), PackageSource)


def test_offline_the_hub_is_not_even_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(HubSource, "__init__", lambda *_: pytest.fail("asked"))
    assert isinstance(open_source(SOURCE), PackageSource)


def test_a_lock_decides_between_the_two_homes() -> None:
    package = open_source(SOURCE, revision=FACTS["revision"])
    assert isinstance(package, PackageSource)
    assert package.revision == FACTS["revision"]
    hub = open_source(SOURCE, revision="c" * 40)
    assert isinstance(hub, HubSource)
    assert hub.repository == FACTS["hub"]["repository"]


def test_the_catalogue_agrees_with_itself() -> None:
    files = PackageSource(FACTS, None).list()
    assert digest_files(files) == FACTS["package"]["digest"]
    weights = next(file for file in files if file.path == "model.safetensors")
    assert 0 < weights.size_bytes - FACTS["weights_bytes"] < 100_000
    assert FACTS["weights_bytes"] == 2 * FACTS["parameters"]


def test_reading_it_without_a_place_to_make_it_says_so() -> None:
    with pytest.raises(InputError, match="has to be made") as caught:
        PackageSource(FACTS, None).read_range("config.json", 0, 1)
    assert caught.value.fix == ("llmplat up",)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("demo://absent", "no demo model absent"),
        ("https://host/name", "cannot be read yet"),
        ("oci://host.test/name:v1", "is not pinned"),
        ("oci://host.test/name@sha256:00", "is not a digest"),
        ("file://relative/folder", "not an absolute path"),
    ],
)
def test_sources_that_cannot_be_read(source: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        open_source(source)
    assert caught.value.fix
