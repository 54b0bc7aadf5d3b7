"""Which files go into an image, and what is refused."""

import pytest

from llmplat.domain.errors import InputError
from llmplat.pack.request import PackFile
from llmplat.pack.selection import select_for_image
from tests.fakes.memory_member import SizedMember


def choose(*paths: str, allow_pickle: bool = False) -> tuple[list[str], list[str]]:
    chosen, left_out = select_for_image(
        (PackFile(path, SizedMember(1)) for path in paths), "m", allow_pickle=allow_pickle
    )
    return [file.path for file in chosen], [file.path for file in left_out]


def test_pickles_and_other_copies_stay_out_beside_safetensors() -> None:
    chosen, left_out = choose("m.safetensors", "pytorch_model.bin", "onnx/m.onnx", "README.md")
    assert chosen == ["README.md", "m.safetensors"]
    assert left_out == ["onnx/m.onnx", "pytorch_model.bin"]


def test_pickles_alone_are_refused_with_the_reason() -> None:
    with pytest.raises(InputError) as caught:
        choose("config.json", "pytorch_model.bin")
    assert "run any code" in str(caught.value.why)
    assert "--allow-pickle" in caught.value.fix[0]


def test_pickles_go_in_when_they_are_allowed() -> None:
    assert choose("config.json", "m.pt", allow_pickle=True) == (["config.json", "m.pt"], [])


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        ((), "empty"),
        (("config.json",), "no weights"),
        (("m.safetensors", "a/.wh.b"), "deletes files"),
        (("m.safetensors", "a\nb"), "control character"),
        (("m.safetensors", "a\udcff"), "not UTF-8"),
        (("m.safetensors", "../x"), "leaves"),
        (("m.safetensors", "/x"), "leaves"),
        (("m.safetensors", "n" * 256), "longer"),
    ],
)
def test_what_is_refused(paths: tuple[str, ...], why: str) -> None:
    with pytest.raises(InputError) as caught:
        choose(*paths)
    assert why in str(caught.value.why)
    assert caught.value.fix
    f"{caught.value.what}{caught.value.why}".encode()  # printable everywhere


def test_the_order_they_come_in_does_not_matter() -> None:
    assert choose("b.safetensors", "a.json") == choose("a.json", "b.safetensors")
