"""A base image -> its parts per platform and its blobs, to be mounted or copied below the model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmplat.domain.errors import InputError
from llmplat.domain.oci import Descriptor
from llmplat.domain.registry import Blob, Registry
from llmplat.pack.image_manifest import BaseParts, parse_base
from llmplat.pack.request import BaseImage

_MOST_CONFIG_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class StoredBlob:
    """A blob of a registry as a Member of another blob: copied without touching a disk."""

    registry: Registry
    descriptor: Descriptor
    local_file: str | None = None

    @property
    def size_bytes(self) -> int:
        """As its descriptor says."""
        return self.descriptor.size_bytes

    def stream(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start`; raises RegistryError."""
        return self.registry.stream_blob(self.descriptor.digest, start)

    def check(self) -> None:
        """Nothing to do: its digest pins it."""


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


def copied_blob(registry: Registry, layer: Descriptor) -> Blob:
    """A blob of `registry` to be had elsewhere: mounted where it is the same host, else streamed."""
    return Blob(
        name=f"{layer.digest.hex[:12]} of {registry.name}",
        media_type=layer.media_type,
        pieces=(StoredBlob(registry, layer),),
        key=str(layer.digest),
        digest=layer.digest,
        annotations=layer.annotations,
        mount_from=(registry.name,),
    )


def _config(registry: Registry, config: Descriptor) -> bytes:
    if config.size_bytes > _MOST_CONFIG_BYTES:
        raise InputError(
            f"The config of the base {registry.name} is no image config.",
            why=f"it has {config.size_bytes} bytes",
            fix=("give --base an image by its digest",),
        )
    return registry.read_blob(config.digest, 0, config.size_bytes)
