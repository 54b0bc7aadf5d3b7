"""An image in a registry -> what it is: platforms, layers, annotations and what is attached."""

from collections.abc import Mapping
from dataclasses import dataclass

from llmplat.domain.oci import Digest, Reference
from llmplat.domain.registry import Registry
from llmplat.pack.attach import PREDICATE
from llmplat.pack.image import Image, read_image
from llmplat.pack.image_plan import FILE_ANNOTATION


@dataclass(frozen=True)
class InspectedLayer:
    """One layer."""

    digest: Digest
    size_bytes: int
    media_type: str
    name: str | None
    """The file of the model inside, or "small files"; None for other layers."""


@dataclass(frozen=True)
class InspectedDocument:
    """One thing attached to the image; not checked here."""

    digest: Digest
    media_type: str
    predicate_type: str | None


@dataclass(frozen=True)
class InspectReport:
    """What an image is."""

    reference: str
    """Pinned by its digest."""
    digest: Digest
    platforms: tuple[str, ...]
    size_bytes: int
    """Of all layers, each once."""
    layers: tuple[InspectedLayer, ...]
    annotations: Mapping[str, str]
    attached: tuple[InspectedDocument, ...]


def inspect_image(registry: Registry, reference: Reference) -> InspectReport:
    """What `reference` stands for; reads manifests and configs only.

    Raises InputError when there is no such image, RegistryError when it cannot be read.
    """
    image = read_image(registry, reference)
    attached = tuple(
        InspectedDocument(
            entry.digest,
            entry.artifact_type or entry.media_type,
            dict(entry.annotations).get(PREDICATE),
        )
        for entry in registry.referrers(image.top.digest)
    )
    return InspectReport(
        str(image.reference),
        image.top.digest,
        tuple(one.platform for one in image.platforms),
        sum(layer.size_bytes for layer in image.layers),
        _layers(image),
        dict(image.annotations),
        attached,
    )


def _layers(image: Image) -> tuple[InspectedLayer, ...]:
    return tuple(
        InspectedLayer(
            layer.digest,
            layer.size_bytes,
            layer.media_type,
            dict(layer.annotations).get(FILE_ANNOTATION),
        )
        for layer in image.layers
    )
