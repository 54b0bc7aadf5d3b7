"""A catalogue -> the same with every chart and image where a mirror keeps it."""

from dataclasses import replace

from llmplat.catalog.chart_images import images_of
from llmplat.catalog.component_entries import ChartImage, Component
from llmplat.catalog.entries import Catalog
from llmplat.domain.mirror import MirrorPlace


def through_mirror(catalog: Catalog, place: MirrorPlace | None) -> Catalog:
    """`catalog` as a platform behind the mirror at `place` sees it; None: as it is.

    Doing it twice is doing it once. Charts of plain web servers become OCI charts.
    """
    if place is None:
        return catalog
    return replace(
        catalog,
        components={name: _moved(one, place) for name, one in catalog.components.items()},
        images={
            name: replace(image, reference=place.image(image.reference))
            for name, image in catalog.images.items()
        },
    )


def _moved(component: Component, place: MirrorPlace) -> Component:
    version = component.version
    if version is not None and version.repository is not None:
        version = replace(version, repository=place.charts(version.repository))
    images = images_of(component)
    if images is not None:
        images = tuple(_moved_image(image, place) for image in images)
    return replace(component, version=version, images=images)


def _moved_image(image: ChartImage, place: MirrorPlace) -> ChartImage:
    return replace(image, reference=place.image(image.reference))
