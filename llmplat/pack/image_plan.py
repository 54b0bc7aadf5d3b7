"""The files of a model -> its layers as blobs: one per large file, all small ones together."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from llmplat.domain.oci import LAYER_TAR
from llmplat.domain.registry import Blob
from llmplat.domain.units import MIB
from llmplat.pack.request import PackFile
from llmplat.pack.tar_layout import tar_pieces

MOST_LAYERS = 100
"""containers/storage fails to mount 128 and more, registries stop at 127; base layers count too."""
LARGE_BYTES = 8 * MIB
"""A file above it has its own layer, so that it is pulled beside the others and reused alone."""
FILE_ANNOTATION = "llmplat.dev/model.file"
_FORMAT = "layer-1"
"""Part of every key: another layout of the same files is another blob."""


@dataclass(frozen=True)
class LayerPlan:
    """One layer: its bytes, not yet read, and the files in it."""

    blob: Blob
    files: tuple[PackFile, ...]


def plan_layers(files: Sequence[PackFile], base_layers: int = 0) -> tuple[LayerPlan, ...]:
    """The layers of `files` (sorted by path) above a base of `base_layers`.

    The first holds every folder and the small files; each large file follows in its own, or in
    one with its neighbours where there are more of them than layers.
    """
    small = tuple(file for file in files if file.member.size_bytes <= LARGE_BYTES)
    large = tuple(file for file in files if file.member.size_bytes > LARGE_BYTES)
    first = _layer("small files", _folders(files), small)
    groups = _grouped(large, MOST_LAYERS - base_layers - 1)
    return (first, *(_layer(group[-1].path, (), group) for group in groups))


def _grouped(files: tuple[PackFile, ...], most: int) -> Iterable[tuple[PackFile, ...]]:
    each = max(1, -(-len(files) // max(1, most)))
    return (files[start : start + each] for start in range(0, len(files), each))


def _folders(files: Iterable[PackFile]) -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                "" if str(parent) == "." else str(parent)
                for file in files
                for parent in PurePosixPath(file.path).parents
            }
        )
    )


def _layer(name: str, folders: tuple[str, ...], files: tuple[PackFile, ...]) -> LayerPlan:
    pieces = tar_pieces(folders, ((file.path, file.member) for file in files))
    annotations = ((FILE_ANNOTATION, name),)
    blob = Blob(name, LAYER_TAR, pieces, _key(folders, files), annotations=annotations)
    return LayerPlan(blob, files)


def _key(folders: tuple[str, ...], files: tuple[PackFile, ...]) -> str:
    if not all(file.key for file in files):
        return ""
    inside = [[file.path, file.member.size_bytes, file.key] for file in files]
    text = json.dumps([_FORMAT, folders, inside])
    return hashlib.sha256(text.encode()).hexdigest()
