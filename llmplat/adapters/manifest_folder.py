"""Reads the manifests of a folder, a file or a stream."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from llmplat.domain.errors import InputError
from llmplat.domain.manifest import Manifest

_SUFFIXES = (".yaml", ".yml", ".json")
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
    root = str(place)
    found = tuple(_read(Path(file), file[len(root) :].lstrip("/")) for file in _files(root))
    if not found:
        raise InputError(
            f"{place} holds no manifests.",
            why="no file below it ends in .yaml, .yml or .json.",
            fix=("llmplat render --out tree",),
        )
    return found


def _files(folder: str) -> Iterator[str]:
    """Paths in order; by scandir, since a tree has tens of thousands."""
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif (
            entry.name.endswith(_SUFFIXES) and entry.name not in _NOT_MANIFESTS and entry.is_file()
        ):
            yield entry.path


def _read(file: Path, name: str) -> Manifest:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{file} cannot be read.", why=str(exc), fix=("leave it out",)) from exc
    if len(content) > _LARGEST_BYTES:
        raise InputError(f"{file} is too large to be a manifest.", fix=("leave it out",))
    return Manifest(name, text)
