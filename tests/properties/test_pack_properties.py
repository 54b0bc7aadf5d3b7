"""What holds for every model that is packaged: same bytes, same image; read back, same files."""

import hashlib
import io
import tarfile

from hypothesis import given, settings
from hypothesis import strategies as st

from llmplat.adapters.oci_content import Content
from llmplat.adapters.oci_stop import Stop
from llmplat.domain.oci import LAYER_TAR, Descriptor, Digest
from llmplat.domain.registry import Blob
from llmplat.pack.image_manifest import make_config, make_manifest, scratch
from llmplat.pack.image_plan import plan_layers
from llmplat.pack.request import LINUX_AMD64, PackFile
from llmplat.pack.tar_layout import tar_pieces
from tests.fakes.memory_member import MemoryMember, written

names = st.text(
    st.characters(min_codepoint=33, exclude_characters="/\x7f", exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=40,
).filter(lambda name: not name.startswith(".") and len(name.encode()) < 200)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
models = st.dictionaries(paths, st.binary(max_size=3000), min_size=1, max_size=12).filter(
    # A name cannot be a file and a folder.
    lambda files: (
        not any(one != two and two.startswith(f"{one}/") for one in files for two in files)
    )
)


def pack_files(model: dict[str, bytes]) -> tuple[PackFile, ...]:
    return tuple(PackFile(path, MemoryMember(model[path]), key=path) for path in sorted(model))


@given(models)
@settings(max_examples=60, deadline=None)
def test_layers_read_back_as_the_same_files(model: dict[str, bytes]) -> None:
    found: dict[str, bytes] = {}
    for layer in plan_layers(pack_files(model)):
        with tarfile.open(fileobj=io.BytesIO(written(layer.blob.pieces)), mode="r:") as tar:
            for info in tar.getmembers():
                assert info.name == "models" or info.name.startswith("models/")
                if info.isfile():
                    found[info.name.removeprefix("models/")] = tar.extractfile(info).read()
    assert found == model


@given(models, st.randoms())
@settings(max_examples=40, deadline=None)
def test_the_order_of_files_does_not_change_the_image(model: dict[str, bytes], chance) -> None:
    shuffled = list(model.items())
    chance.shuffle(shuffled)
    assert image_of(dict(shuffled)) == image_of(model)


def image_of(model: dict[str, bytes]) -> Digest:
    layers = []
    for layer in plan_layers(pack_files(model)):
        content = written(layer.blob.pieces)
        layers.append(Descriptor(LAYER_TAR, Digest.of(content), len(content)))
    base = scratch(LINUX_AMD64)
    return make_manifest(base, layers, make_config(base, layers), {}).digest


@given(models, st.data())
@settings(max_examples=60, deadline=None)
def test_content_is_the_same_from_any_place(model: dict[str, bytes], data) -> None:
    pieces = tar_pieces((), [(path, MemoryMember(model[path])) for path in sorted(model)])
    whole = written(pieces)
    content = Content(Blob("b", LAYER_TAR, pieces), None, Stop())
    for _ in range(4):
        start = data.draw(st.integers(0, len(whole) - 1))
        buffer = memoryview(bytearray(data.draw(st.integers(1, 5000))))
        got = content.read_into(buffer, start)
        assert bytes(buffer[:got]) == whole[start : start + len(buffer)]
    assert content.digest().hex == hashlib.sha256(whole).hexdigest()
