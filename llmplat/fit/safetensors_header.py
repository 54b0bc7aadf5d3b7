"""The first bytes of a safetensors file -> its tensors, or why they cannot be what is in the file."""

import math
from dataclasses import dataclass
from typing import Any

from llmplat.domain.foreign_text import parse_json

LENGTH_BYTES = 8
"""The file starts with the length of its header: a little-endian unsigned number."""
MAX_HEADER_BYTES = 100_000_000
"""The format's own limit (https://github.com/huggingface/safetensors, "Format")."""

DTYPE_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I8", "U8", "BOOL"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
"""Bits of one number of each kind the format knows."""


class HeaderError(ValueError):
    """The header contradicts itself or the file's size; the text says how, with figures."""


@dataclass(frozen=True)
class Tensor:
    """One tensor's place in the file; `start` counts from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size_bytes: int


def header_length(first: bytes, file_size_bytes: int) -> int:
    """Bytes of the header behind the first eight, `first`; HeaderError when they cannot be."""
    if file_size_bytes < LENGTH_BYTES or len(first) < LENGTH_BYTES:
        msg = f"it has {file_size_bytes} bytes, and a safetensors file has at least {LENGTH_BYTES}"
        raise HeaderError(msg)
    length = int.from_bytes(first[:LENGTH_BYTES], "little")
    if length > MAX_HEADER_BYTES:
        msg = f"it says that its header has {length} bytes, and at most {MAX_HEADER_BYTES} are allowed: not safetensors"
        raise HeaderError(msg)
    if LENGTH_BYTES + length > file_size_bytes:
        msg = f"truncated inside its header: {LENGTH_BYTES + length} bytes are needed, it has {file_size_bytes}"
        raise HeaderError(msg)
    return length


def parse_header(header: bytes, file_size_bytes: int) -> tuple[Tensor, ...]:
    """The tensors that `header` (behind the first eight bytes) names, in file order.

    Raises:
        HeaderError: not JSON, an unknown dtype, tensors that overlap or leave gaps, sizes that do
            not follow from the shapes, or a file that is shorter or longer than its tensors.
    """
    try:
        document = parse_json(header)
    except ValueError as exc:
        msg = f"its header is not JSON ({exc})"
        raise HeaderError(msg) from exc
    if not isinstance(document, dict):
        msg = "its header is not a JSON object"
        raise HeaderError(msg)
    tensors = [_tensor(name, entry) for name, entry in document.items() if name != "__metadata__"]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.size_bytes))
    end = 0
    for tensor in tensors:
        if tensor.start != end:
            what = "overlaps the one before" if tensor.start < end else "leaves a gap before it"
            msg = f"tensor {tensor.name} {what}: it starts at byte {tensor.start}, the one before ends at {end}"
            raise HeaderError(msg)
        end += tensor.size_bytes
    _check_size(LENGTH_BYTES + len(header) + end, file_size_bytes)
    return tuple(tensors)


def _check_size(need_bytes: int, file_size_bytes: int) -> None:
    if need_bytes > file_size_bytes:
        msg = (
            f"truncated: its tensors need {need_bytes} bytes, it has {file_size_bytes}, "
            f"{need_bytes - file_size_bytes} are missing"
        )
        raise HeaderError(msg)
    if need_bytes < file_size_bytes:
        msg = f"its tensors end at byte {need_bytes}, it has {file_size_bytes}"
        raise HeaderError(msg)


def _tensor(name: str, entry: Any) -> Tensor:  # noqa: ANN401 (whatever the JSON holds)
    try:
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        start, end = entry["data_offsets"]
        numbers = (*shape, start, end)
        is_sound = all(type(number) is int and number >= 0 for number in numbers)
    except (KeyError, TypeError, ValueError) as exc:
        msg = f"tensor {name} lacks dtype, shape or data_offsets"
        raise HeaderError(msg) from exc
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        msg = f"tensor {name} has the dtype {dtype!r}, which safetensors does not know"
        raise HeaderError(msg)
    need_bytes = (math.prod(shape) * DTYPE_BITS[dtype] + 7) // 8 if is_sound else -1
    if not is_sound or end - start != need_bytes:
        msg = f"tensor {name} ({dtype} {list(shape)}) needs {need_bytes} bytes, its offsets are {start} to {end}"
        raise HeaderError(msg)
    return Tensor(name, dtype, shape, start, need_bytes)
