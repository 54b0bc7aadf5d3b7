"""Headers of safetensors files: read when sound, refused with figures when not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmplat.fit.safetensors_header import (
    DTYPE_BITS,
    HeaderError,
    header_length,
    parse_header,
)


def header(**tensors: object) -> bytes:
    return json.dumps({"__metadata__": {"format": "pt"}, **tensors}).encode()


def tensor(dtype: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


TWO = header(b=tensor("F32", [2], 6, 14), a=tensor("BF16", [3], 0, 6))


def test_tensors_come_in_file_order_with_their_sizes() -> None:
    tensors = parse_header(TWO, 8 + len(TWO) + 14)
    assert [(t.name, t.dtype, t.shape, t.start, t.size_bytes) for t in tensors] == [
        ("a", "BF16", (3,), 0, 6),
        ("b", "F32", (2,), 6, 8),
    ]


def test_a_scalar_has_one_number_and_an_empty_tensor_none() -> None:
    text = header(scalar=tensor("I64", [], 0, 8), empty=tensor("F16", [0, 4], 8, 8))
    assert [t.size_bytes for t in parse_header(text, 8 + len(text) + 8)] == [8, 0]


def test_numbers_smaller_than_a_byte_are_packed() -> None:
    text = header(packed=tensor("F4", [5], 0, 3))
    assert parse_header(text, 8 + len(text) + 3)[0].size_bytes == 3


@given(st.integers(1, 13))
def test_every_lost_byte_is_counted(lost: int) -> None:
    with pytest.raises(HeaderError, match=rf"truncated: .*, {lost} are missing"):
        parse_header(TWO, 8 + len(TWO) + 14 - lost)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[1]", "not a JSON object"),
        (header(a=[1]), "lacks dtype"),
        (header(a={"dtype": "F32"}), "lacks dtype"),
        (header(a=tensor("F13", [1], 0, 4)), "the dtype 'F13'"),
        (header(a=tensor("F32", [2], 0, 4)), "needs 8 bytes, its offsets are 0 to 4"),
        (header(a=tensor("F32", [-1], 0, 4)), "its offsets are"),
        (header(a=tensor("F32", [1], 0, 4), b=tensor("F32", [1], 2, 6)), "overlaps"),
        (header(a=tensor("F32", [1], 0, 4), b=tensor("F32", [1], 8, 12)), "leaves a gap"),
        (header(a=tensor("F32", [1], 4, 8)), "leaves a gap"),
        (header(), "its tensors end at byte"),
    ],
)
def test_a_header_that_cannot_be(text: bytes, says: str) -> None:
    with pytest.raises(HeaderError, match=says):
        parse_header(text, 8 + len(text) + 14)


@pytest.mark.parametrize(
    ("first", "size_bytes", "says"),
    [
        (b"", 0, "it has 0 bytes"),
        ((100).to_bytes(8, "little"), 50, "108 bytes are needed, it has 50"),
        (b"\xff" * 8, 10**12, "not safetensors"),
    ],
)
def test_a_length_that_cannot_be(first: bytes, size_bytes: int, says: str) -> None:
    with pytest.raises(HeaderError, match=says):
        header_length(first, size_bytes)


@given(st.binary(max_size=200), st.integers(0, 10**6))
def test_any_bytes_are_read_or_refused(raw: bytes, size_bytes: int) -> None:
    try:
        tensors = parse_header(raw, size_bytes)
    except HeaderError:
        return
    assert 8 + len(raw) + sum(t.size_bytes for t in tensors) == size_bytes


def test_every_dtype_has_whole_bits() -> None:
    assert all(isinstance(bits, int) and bits > 0 for bits in DTYPE_BITS.values())
