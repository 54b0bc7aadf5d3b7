"""Turns the folders of templates/components into components, each with its version and its files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from llmplat.catalog import make
from llmplat.catalog.component_entries import Component, PinnedVersion
from llmplat.catalog.read import read_each, read_mapping
from llmplat.domain.errors import CatalogError


def load_components(folder: Path, versions: Mapping[str, PinnedVersion]) -> dict[str, Component]:
    """Every component by its name, those behind doors too; its version stands in `versions` or in its folder.

    Raises CatalogError when a file is wrong, when both name a version, and when `versions` names
    a component that does not exist.
    """
    doors = folder.parent / "doors"
    files = [*folder.glob("*/component.yaml"), *doors.glob("*/component.yaml")]
    found = read_each(files, make.make_component)
    folders = {read_mapping(file)["name"]: file.parent for file in files}
    for name in versions:
        if name not in found:
            raise _wrong(f"versions.yaml pins {name}, which is no component")
        if found[name].version is not None:
            raise _wrong(f"{name} has a version in versions.yaml and one in its folder")
    return {
        name: _whole(component, folders[name], versions.get(name, component.version))
        for name, component in found.items()
    }


def _whole(component: Component, folder: Path, version: PinnedVersion | None) -> Component:
    return replace(
        component,
        version=version,
        values_template=_text(folder / "values.yaml.j2"),
        images_text=_text(folder / "images.yaml"),
        objects=tuple(
            (path.name, path.read_text("utf-8"))
            for path in sorted((folder / "objects").glob("*.yaml"))
        ),
    )


def _text(file: Path) -> str | None:
    return file.read_text("utf-8") if file.is_file() else None


def _wrong(why: str) -> CatalogError:
    return CatalogError(
        "The shipped catalogue contradicts itself.",
        why=why,
        fix=("report this as a bug; it is data that llmplat ships",),
    )
