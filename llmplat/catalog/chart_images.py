"""Turns a component's images.yaml into the images that its chart runs."""

from functools import cache

import yaml

from llmplat.catalog.component_entries import ChartImage, Component
from llmplat.catalog.make import make_chart_images
from llmplat.catalog.read import Record

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def images_of(component: Component) -> tuple[ChartImage, ...] | None:
    """What the chart of `component` runs, moved already or not; None where its folder does not say.

    Raises CatalogError for a file that is wrong.
    """
    if component.images is not None or component.images_text is None:
        return component.images
    return _read(component.name, component.images_text)


@cache
def _read(component: str, text: str) -> tuple[ChartImage, ...]:
    facts = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader)
    return make_chart_images(Record(facts, f"templates/components/{component}/images.yaml"))
