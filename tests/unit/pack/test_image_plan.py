"""How files become layers."""

import random

import pytest

from llmplat.pack.image_plan import LARGE_BYTES, MOST_LAYERS, plan_layers
from llmplat.pack.request import PackFile
from tests.fakes.memory_member import SizedMember

GIB = 1024**3


def files(*sizes: tuple[str, int]) -> tuple[PackFile, ...]:
    return tuple(
        PackFile(path, SizedMember(size), key=f"{path}-key") for path, size in sorted(sizes)
    )


def test_a_large_file_has_its_own_layer_and_small_ones_share_the_first() -> None:
    plan = plan_layers(
        files(("b.safetensors", LARGE_BYTES + 1), ("config.json", 10), ("a/t.json", LARGE_BYTES))
    )
    assert [[file.path for file in layer.files] for layer in plan] == [
        ["a/t.json", "config.json"],
        ["b.safetensors"],
    ]
    first = plan[0].blob.pieces[0]
    assert isinstance(first, bytes)
    assert first[:6] == b"models"
    assert b"models/a" in first


def test_without_small_files_the_first_layer_still_has_the_folder() -> None:
    plan = plan_layers(files(("m.safetensors", LARGE_BYTES + 1)))
    assert plan[0].files == ()
    assert plan[0].blob.size_bytes == 512 + 1024


@pytest.mark.parametrize("count", [1, 98, 99, 100, 250, 1000])
@pytest.mark.parametrize("base_layers", [0, 12])
def test_never_more_than_the_most_layers(count: int, base_layers: int) -> None:
    given = files(*((f"m-{n:05}.safetensors", LARGE_BYTES + 1) for n in range(count)))
    plan = plan_layers(given, base_layers)
    assert len(plan) + base_layers <= MOST_LAYERS
    assert [file for layer in plan for file in layer.files] == list(given)
    assert len({layer.blob.key for layer in plan}) == len(plan)


def test_five_thousand_small_files_are_one_layer() -> None:
    given = files(("m.safetensors", GIB), *((f"s/{n:05}.json", n % 700) for n in range(5000)))
    plan = plan_layers(given)
    assert len(plan) == 2
    assert plan[0].blob.size_bytes % 512 == 0


def test_a_nine_gigabyte_member() -> None:
    plan = plan_layers(files(("m.safetensors", 9_000_000_000)))
    assert plan[1].blob.size_bytes == 512 + 9_000_000_000 + (-9_000_000_000 % 512) + 1024


def test_a_file_of_unknown_identity_is_never_remembered() -> None:
    given = (PackFile("m.safetensors", SizedMember(GIB)),)
    assert plan_layers(given)[1].blob.key == ""


def test_the_key_follows_content_and_name() -> None:
    one = plan_layers(files(("m.safetensors", GIB)))[1].blob.key
    assert one == plan_layers(files(("m.safetensors", GIB), ("x.json", 1)))[1].blob.key
    assert one != plan_layers(files(("n.safetensors", GIB)))[1].blob.key
    assert one != plan_layers(files(("m.safetensors", GIB + 1)))[1].blob.key


def test_blob_sizes_are_those_of_their_pieces() -> None:
    chance = random.Random(1)
    given = files(*((f"{n}.bin", chance.randrange(3 * LARGE_BYTES)) for n in range(30)))
    for layer in plan_layers(given):
        assert layer.blob.size_bytes % 512 == 0
