"""Reads the manifests of a folder, a file or a stream."""

import sys
from collections.abc import Iterator
from pathlib import Path

from llmplat.domain.errors import InputError
from llmplat.domain.manifest import Manifest

_SUFFIXES = {".yaml", ".yml", ".json"}
_NOT_MANIFESTS = {"llmplat-tree.json", "kustomization.yaml", "kustomization.yml", "Chart.yaml"}
_LARGEST_BYTES = 64 * 1024 * 1024


def read_manifests(place: Path) -> tuple[Manifest, ...]:
    """Every manifest file below `place` by path ("-" reads standard input).

    Hidden folders, and files that are not manifests by their name, are left out; InputError when
    there is nothing to read.
    """
    if str(place) == "-":
        return (Manifest("stdin", sys.stdin.read()),)
    if place.is_file():
        return (_read(place, place.name),)
    if not place.is_dir():
        raise InputError(f"There is no folder or file {place}.", fix=("llmplat render --out tree",))
    found = tuple(_read(file, file.relative_to(place).as_posix()) for file in _files(place))
    if not found:
        raise InputError(
            f"{place} holds no manifests.",
            why="no file below it ends in .yaml, .yml or .json.",
            fix=("llmplat render --out tree",),
        )
    return found


def _files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(entry)
        elif entry.suffix in _SUFFIXES and entry.name not in _NOT_MANIFESTS and entry.is_file():
            yield entry


def _read(file: Path, name: str) -> Manifest:
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise InputError(f"{file} is too large to be a manifest.", fix=("leave it out",))
        return Manifest(name, file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{file} cannot be read.", why=str(exc), fix=("leave it out",)) from exc
