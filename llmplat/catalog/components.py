"""Turns the folders of templates/components into components, each with its version and its files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from llmplat.catalog import make
from llmplat.catalog.entries import ChartImage, Component, PinnedVersion
from llmplat.catalog.read import Record, read_each, read_mapping
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
    template = folder / "values.yaml.j2"
    return replace(
        component,
        version=version,
        values_template=template.read_text("utf-8") if template.is_file() else None,
        images=_images(folder / "images.yaml"),
        objects=tuple(
            (path.name, path.read_text("utf-8"))
            for path in sorted((folder / "objects").glob("*.yaml"))
        ),
    )


def _images(file: Path) -> tuple[ChartImage, ...] | None:
    if not file.is_file():
        return None
    return make.make_chart_images(Record(read_mapping(file), str(file)))


def _wrong(why: str) -> CatalogError:
    return CatalogError(
        "The shipped catalogue contradicts itself.",
        why=why,
        fix=("report this as a bug; it is data that llmplat ships",),
    )
