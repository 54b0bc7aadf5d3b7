"""What packaging would put into an image, without reading a byte of the weights."""

from dataclasses import dataclass

from llmplat.catalog.registries import RegistryFacts
from llmplat.domain.registry import Registry
from llmplat.pack.base import read_base
from llmplat.pack.image_plan import plan_layers
from llmplat.pack.limits import check_limits
from llmplat.pack.request import PackRequest
from llmplat.pack.selection import select_for_image


@dataclass(frozen=True)
class PreviewLayer:
    """One layer to be."""

    name: str
    files: int
    size_bytes: int


@dataclass(frozen=True)
class PackPreview:
    """The image to be; its digest is not known before its bytes were read."""

    source: str
    target: str
    layers: tuple[PreviewLayer, ...]
    left_out: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Of all layers."""
        return sum(layer.size_bytes for layer in self.layers)


def preview_package(request: PackRequest, registry: Registry, facts: RegistryFacts) -> PackPreview:
    """The layers of `request`; permission to push is tried, nothing is pushed.

    Raises what `package` raises before its first byte.
    """
    files, left_out = select_for_image(
        request.files, request.source, allow_pickle=request.allow_pickle
    )
    most_base_layers = max((len(base.layers) for base in read_base(request.base)), default=0)
    plan = plan_layers(files, most_base_layers)
    check_limits(plan, most_base_layers, facts)
    registry.try_push()
    layers = tuple(
        PreviewLayer(layer.blob.name, len(layer.files), layer.blob.size_bytes) for layer in plan
    )
    names = tuple(file.path for file in left_out)
    return PackPreview(request.source, registry.name, layers, names)
