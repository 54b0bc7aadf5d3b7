"""A model read once, for many settings and GPUs: its architecture, longest context and weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmplat.fit.architecture import Architecture
from llmplat.fit.defaults import longest_context
from llmplat.fit.family import Family
from llmplat.fit.inputs import Checkpoint
from llmplat.fit.quantization import Quantization
from llmplat.fit.read_architecture import read_architecture
from llmplat.fit.weights import WeightTable


@dataclass(frozen=True)
class Model:
    """What of a model does not depend on settings or GPU."""

    architecture: Architecture
    longest: int
    """Tokens that it was made for."""
    checkpoint: Checkpoint | None
    _tables: dict[tuple[str | None, int], WeightTable] = field(default_factory=dict, repr=False)

    def weights(self, quantization: str | None, dtype_bytes: int) -> WeightTable:
        """Its weights, loaded with a run-time `quantization` (or None) in numbers of `dtype_bytes`."""
        key = (quantization, dtype_bytes)
        if key not in self._tables:
            schemes = Quantization(
                self.architecture.quantization,
                quantization,
                dtype_bytes,
                self.architecture.expert_dtype,
            )
            self._tables[key] = WeightTable(
                self.architecture, schemes, dtype_bytes, self.checkpoint
            )
        return self._tables[key]


def read_model(
    config: Mapping[str, Any], families: Mapping[str, Family] | None, checkpoint: Checkpoint | None
) -> Model:
    """The model of `config` (a config.json as read); InputError when a number is missing or absurd."""
    architecture = read_architecture(config, families or {})
    return Model(architecture, longest_context(architecture, config), checkpoint)
