"""A blob of one registry, to be had in another."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmplat.domain.oci import Descriptor
from llmplat.domain.registry import Blob, Registry


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
