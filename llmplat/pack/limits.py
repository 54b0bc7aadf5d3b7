"""Planned layers and a registry's limits -> a refusal before the first byte is sent."""

from collections.abc import Sequence

from llmplat.catalog.registries import RegistryFacts
from llmplat.domain.errors import Finding, RegistryRefusedError
from llmplat.domain.units import format_size
from llmplat.pack.image_plan import LayerPlan


def check_limits(layers: Sequence[LayerPlan], base_layers: int, facts: RegistryFacts) -> None:
    """Raise RegistryRefusedError with every layer that `facts` says is too large, or too many."""
    findings = [*_too_large(layers, facts), *_too_many(len(layers) + base_layers, facts)]
    if findings:
        raise RegistryRefusedError(
            f"{facts.name} does not take this model.",
            why=f"a file cannot be split over layers, and its limits are: {facts.source}",
            fix=(
                "save the model in smaller shards (save_pretrained(..., max_shard_size='5GB'))",
                "or push it to a registry with larger limits",
            ),
            findings=tuple(findings),
        )


def _too_large(layers: Sequence[LayerPlan], facts: RegistryFacts) -> list[Finding]:
    most = facts.layer_bytes
    if most is None:
        return []
    return [
        Finding(
            "layer-too-large",
            f"{layer.blob.name} is {format_size(layer.blob.size_bytes)}",
            f"a layer may have {format_size(most)}: "
            f"{format_size(layer.blob.size_bytes - most)} too much",
        )
        for layer in layers
        if layer.blob.size_bytes > most
    ]


def _too_many(count: int, facts: RegistryFacts) -> list[Finding]:
    if facts.layers is None or count <= facts.layers:
        return []
    return [Finding("layers-too-many", f"it has {count} layers", f"{facts.layers} are allowed")]
