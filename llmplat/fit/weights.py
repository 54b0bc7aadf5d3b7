"""Bytes of weights on each rank: from a checkpoint's tensors, from their sum, or from the architecture."""

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from llmplat.fit.architecture import Architecture
from llmplat.fit.inputs import Checkpoint
from llmplat.fit.parameters import Parameter, Split, edge_parameters, layer_parameters
from llmplat.fit.quantization import Quantization
from llmplat.fit.rank import Rank
from llmplat.fit.stored import Stored, read_stored

PACKED_HIDDEN, PACKED_WIDTH = 256, 128
"""mxfp4 experts are laid out anew while loading, padded to these multiples (measured, two GPUs)."""

ROTARY_TABLE = "rotary table"
Sums = Counter[tuple[Split, int]]
"""Bytes by how ranks share them; the number is key-value heads, for Split.HEADS."""


@dataclass(frozen=True)
class WeightBytes:
    """Weights of one rank and how they are known."""

    size_bytes: int
    how: str
    is_exact: bool


class WeightTable:
    """A model's weights added up once per layer, so that any split is a few sums."""

    def __init__(
        self,
        architecture: Architecture,
        quantization: Quantization,
        dtype_bytes: float,
        checkpoint: Checkpoint | None,
    ) -> None:
        self._architecture = architecture
        self._quantization = quantization
        self._dtype_bytes = dtype_bytes
        self._checkpoint = checkpoint if not quantization.is_run_time else None

    @property
    def is_quantized(self) -> bool:
        """Any weight is stored in fewer bits."""
        return self._quantization.is_quantized

    def on_rank(self, rank: Rank, first_layer: int) -> WeightBytes:
        """Weights of `rank`, whose first layer is `first_layer` of the model.

        Exact where the checkpoint has every tensor, scaled to its sum where it has only that, else
        from the architecture. A run-time quantization needs the architecture.
        """
        tp = rank.tensor_parallel
        padding = _padding_bytes(self._architecture, rank)
        checkpoint = self._checkpoint
        if checkpoint is not None and checkpoint.tensors:
            stored = self._stored.on_rank(rank, first_layer, _shards) + self._made_while_loading(
                rank, first_layer
            )
            return WeightBytes(
                round(stored + padding),
                f"{len(checkpoint.tensors)} stored tensors, TP {tp}",
                is_exact=True,
            )
        computed = self._computed(rank, first_layer) + padding
        if checkpoint is not None and checkpoint.total_bytes:
            made = self._made_while_loading(rank, first_layer)
            scale = checkpoint.total_bytes / self._whole if self._whole else 1
            size = (computed - made - padding) * scale + made + padding
            return WeightBytes(
                round(size),
                f"the index's {checkpoint.total_bytes} bytes, shared as computed, TP {tp}",
                is_exact=True,
            )
        scheme = self._quantization.scheme
        told = scheme.name if scheme else f"{self._dtype_bytes:g} bytes a number"
        return WeightBytes(
            round(computed), f"every matrix of config.json, {told}, TP {tp}", is_exact=False
        )

    def _computed(self, rank: Rank, first_layer: int) -> float:
        total = sum(self._bytes(p) / _shards(p.split, p.heads, rank) for p in self._edges(rank))
        for sums in self._layers[first_layer : first_layer + len(rank.layers)]:
            total += sum(
                size / _shards(split, heads, rank) for (split, heads), size in sums.items()
            )
        return total

    def _edges(self, rank: Rank) -> list[Parameter]:
        return list(
            edge_parameters(self._architecture, is_first=rank.is_first, is_last=rank.is_last)
        )

    def _made_while_loading(self, rank: Rank, first_layer: int) -> float:
        """What no file holds: rotary tables and absorbed projections."""
        made = [p for p in self._edges(rank) if p.module == ROTARY_TABLE]
        for index in range(first_layer, first_layer + len(rank.layers)):
            made += self._made[index]
        return sum(self._bytes(p) / _shards(p.split, p.heads, rank) for p in made)

    @cached_property
    def _layers(self) -> list[Sums]:
        found = []
        for parameters in self._parameters:
            sums: Sums = Counter()
            for parameter in parameters:
                sums[parameter.split, parameter.heads] += self._bytes(parameter)  # type: ignore[assignment]
            found.append(sums)
        return found

    @cached_property
    def _made(self) -> list[list[Parameter]]:
        return [[p for p in them if p.fixed_bytes is not None] for them in self._parameters]

    @cached_property
    def _parameters(self) -> list[list[Parameter]]:
        """Of each layer."""
        count = len(self._architecture.layers)
        return [list(layer_parameters(self._architecture, index)) for index in range(count)]

    @cached_property
    def _whole(self) -> float:
        """The checkpoint's bytes as computed: what is made only while loading left out."""
        edges = edge_parameters(self._architecture, is_first=True, is_last=True)
        total = sum(self._bytes(p) for p in edges if p.module != ROTARY_TABLE)
        total += sum(sum(sums.values()) for sums in self._layers)
        return total - sum(self._bytes(p) for made in self._made for p in made)

    @cached_property
    def _stored(self) -> Stored:
        tensors = self._checkpoint.tensors if self._checkpoint else ()
        return read_stored(self._architecture, tensors, self._dtype_bytes)

    def _bytes(self, parameter: Parameter) -> float:
        if parameter.fixed_bytes is not None:
            return parameter.numbers * parameter.fixed_bytes
        if not parameter.is_linear:
            return parameter.numbers * self._dtype_bytes
        is_expert = parameter.split is Split.EXPERTS
        return (
            parameter.numbers
            * self._quantization.of(parameter.module, is_expert=is_expert).bytes_each
        )


def _shards(split: Split, heads: int, rank: Rank) -> int:
    if split is Split.REPLICATED:
        return 1
    if split is Split.HEADS:
        return min(rank.tensor_parallel, max(1, heads))
    return rank.tensor_parallel


def _padding_bytes(architecture: Architecture, rank: Rank) -> float:
    """What laying mxfp4 experts out anew adds: hidden and width padded to the kernel's tiles."""
    if architecture.quantization.get("quant_method") != "mxfp4":
        return 0
    added = 0.0
    for layer in rank.layers:
        ffn = layer.ffn
        if ffn is None or not ffn.experts:
            continue
        width = ffn.expert_width / rank.tensor_parallel
        padded = _up(width, PACKED_WIDTH) * _up(architecture.hidden, PACKED_HIDDEN)
        added += ffn.experts * 3 * (padded - width * architecture.hidden) * (0.5 + 1 / 32)
    return added


def _up(value: float, multiple: int) -> int:
    return math.ceil(value / multiple) * multiple
