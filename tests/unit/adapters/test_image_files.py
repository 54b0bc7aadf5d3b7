"""Looking into images: what lies where, also in those of others, and what cannot be looked into."""

import gzip
import tarfile

import pytest

from llmplat.adapters import image_files
from llmplat.adapters.image_files import list_image_files, read_image_file
from llmplat.domain.errors import InputError, RegistryError
from llmplat.domain.oci import LAYER_TAR, Digest
from llmplat.pack.image import read_image
from tests.fakes.memory_registry import MemoryRegistry
from tests.unit.adapters.test_image_pull import PLACE, image_of, tar_of

CONTENT = bytes(range(256)) * 1000
LONG = f"models/{'n' * 120}/w"


def look(registry: MemoryRegistry):
    return list_image_files(registry, read_image(registry, PLACE))


@pytest.fixture
def by_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every layer counts as large."""
    monkeypatch.setattr(image_files, "_MOST_WHOLE_BYTES", 0)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_files_lie_where_they_are_said_to(by_ranges: None, form: int) -> None:
    layer = tar_of(("models/a", CONTENT), (LONG, b"long"), ("etc/no", b"x"), form=form)
    registry = image_of(layer, tar_of(("./models/b", b"bb"), form=form))
    first, second, third = look(registry)
    assert [one.path for one in (first, second, third)] == ["a", "b", LONG.removeprefix("models/")]
    assert read_image_file(registry, first, 250, 10) == CONTENT[250:260]
    assert read_image_file(registry, first, len(CONTENT) - 3, 10) == CONTENT[-3:]
    assert read_image_file(registry, first, len(CONTENT), 10) == b""
    assert read_image_file(registry, second, 0, 10) == b"bb"
    assert first.sha256 is None


def test_small_layers_are_read_whole_and_checked() -> None:
    layer = tar_of(("models/a", CONTENT))
    registry = image_of(gzip.compress(layer), media_type=f"{LAYER_TAR}+gzip")
    (file,) = look(registry)
    assert file.sha256 == Digest.of(CONTENT).hex
    assert read_image_file(registry, file, 5, 3) == CONTENT[5:8]
    registry.blobs[file.layer.digest] = gzip.compress(layer.replace(b"\x05", b"\x06"))
    with pytest.raises(RegistryError):
        look(registry)


def test_a_later_layer_takes_the_place_of_an_earlier_one() -> None:
    registry = image_of(tar_of(("models/a", b"old")), tar_of(("models/a", b"newer")))
    (file,) = look(registry)
    assert read_image_file(registry, file, 0, 9) == b"newer"


def test_a_large_compressed_layer_cannot_be_looked_into(by_ranges: None) -> None:
    registry = image_of(gzip.compress(tar_of(("models/a", b"a"))), media_type=f"{LAYER_TAR}+gzip")
    assert look(registry) is None


def test_what_is_no_tar_is_told(by_ranges: None) -> None:
    with pytest.raises(InputError, match="no part of a model") as caught:
        look(image_of(b"no tar at all" * 100))
    assert caught.value.fix
