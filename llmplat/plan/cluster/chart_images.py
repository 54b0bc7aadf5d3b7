"""A chart's images behind a mirror -> the values that make the chart run those."""

from collections.abc import Callable, Mapping
from typing import Any

from llmplat.catalog.chart_images import images_of
from llmplat.catalog.component_entries import ChartImage, Component
from llmplat.domain.errors import PlanError
from llmplat.domain.oci import Reference


def image_values(component: Component) -> dict[str, Any]:
    """The values of the chart of `component` that name its images, as its catalogue entry has them.

    Raises PlanError where nobody wrote down which images the chart runs.
    """
    images = images_of(component)
    if images is None:
        raise PlanError(
            f"The component {component.name} cannot be taken from the mirror.",
            why="its folder has no images.yaml, so nobody says which images its chart runs.",
            fix=(f"set components: {{{component.name}: {{enabled: false}}}}",),
        )
    values: dict[str, Any] = {}
    for image in images:
        _lay(values, image)
    return values


def _lay(values: dict[str, Any], image: ChartImage) -> None:
    reference = Reference.parse(image.reference)
    for path, part in image.values.items():
        text = PARTS[part](reference)
        if text:
            *folders, last = path.split(".")
            at = values
            for folder in folders:
                at = at.setdefault(folder, {})
            at[last] = text


def _tag(reference: Reference) -> str:
    digest = f"@{reference.digest}" if reference.digest else ""
    return f"{reference.tag}{digest}" if reference.tag else ""


def _repository(reference: Reference) -> str:
    return f"{reference.registry}/{reference.repository}"


PARTS: Mapping[str, Callable[[Reference], str]] = {
    "host": lambda reference: reference.registry,
    "path": lambda reference: reference.repository,
    "repository": _repository,
    "parent": lambda reference: _repository(reference).rpartition("/")[0],
    "name": lambda reference: reference.repository.rpartition("/")[2],
    "tag": _tag,
    "reference": str,
}
"""What a value may hold of ghcr.io/team/app:v1@digest: its host ghcr.io; its path team/app; its
repository, both; its parent ghcr.io/team; its name app; its tag v1@digest; the whole reference."""
