"""A base image -> its parts per platform and its blobs, to be mounted or copied below the model."""

from collections.abc import Sequence

from llmplat.domain.copying import copied_blob
from llmplat.domain.errors import InputError
from llmplat.domain.oci import Descriptor
from llmplat.domain.registry import Blob, Registry
from llmplat.pack.image_manifest import BaseParts, parse_base
from llmplat.pack.request import BaseImage

_MOST_CONFIG_BYTES = 4 * 1024 * 1024


def read_base(base: BaseImage | None) -> tuple[BaseParts, ...]:
    """The parts of each platform of `base`; none without a base. Raises InputError."""
    if base is None:
        return ()
    return tuple(
        parse_base(manifest, _config(base.registry, Descriptor.parse(manifest.document["config"])))
        for manifest in base.manifests
    )


def base_blobs(base: BaseImage | None, parts: Sequence[BaseParts]) -> tuple[Blob, ...]:
    """The layers of `base` as blobs for another repository, each once."""
    if base is None:
        return ()
    layers = {layer.digest: layer for part in parts for layer in part.layers}
    return tuple(copied_blob(base.registry, layer) for layer in layers.values())


def _config(registry: Registry, config: Descriptor) -> bytes:
    if config.size_bytes > _MOST_CONFIG_BYTES:
        raise InputError(
            f"The config of the base {registry.name} is no image config.",
            why=f"it has {config.size_bytes} bytes",
            fix=("give --base an image by its digest",),
        )
    return registry.read_blob(config.digest, 0, config.size_bytes)
