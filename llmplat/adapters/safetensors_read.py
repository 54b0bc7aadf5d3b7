"""Safetensors files of a ModelSource -> their tensors, by reading headers only."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from llmplat.domain.errors import InputError
from llmplat.domain.ports import ModelFile, ModelSource
from llmplat.fit.safetensors_header import (
    LENGTH_BYTES,
    HeaderError,
    Tensor,
    header_length,
    parse_header,
)

_AT_ONCE = 8
"""Headers of a hub's files are asked for side by side; each is one short answer."""


def read_tensors(reader: ModelSource, file: ModelFile, source: str) -> tuple[Tensor, ...]:
    """The tensors of `file`; InputError naming it when it is broken or cut short."""
    try:
        first = reader.read_range(file.path, 0, LENGTH_BYTES)
        length = header_length(first, file.size_bytes)
        header = reader.read_range(file.path, LENGTH_BYTES, length)
        return parse_header(header, file.size_bytes)
    except HeaderError as exc:
        raise broken_file(source, file.path, str(exc)) from exc


def read_all_tensors(
    reader: ModelSource, files: Sequence[ModelFile], source: str
) -> tuple[Tensor, ...]:
    """The tensors of all `files`, in their order; the first broken file is an InputError."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = pool.map(lambda file: read_tensors(reader, file, source), files)
        return tuple(tensor for tensors in found for tensor in tensors)


def broken_file(source: str, path: str, why: str) -> InputError:
    """What to raise for a file of a model that cannot be what it should be."""
    return InputError(
        f"The file {path} of the model {source} is broken.",
        why=why,
        fix=("fetch or copy that file again, then run the command again",),
    )
