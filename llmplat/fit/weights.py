"""Bytes of weights on each rank: from a checkpoint's tensors, from their sum, or from the architecture."""

import math
import re
from dataclasses import dataclass

from llmplat.fit.architecture import Architecture
from llmplat.fit.inputs import Checkpoint, StoredTensor
from llmplat.fit.parameters import Parameter, Split, edge_parameters, layer_parameters
from llmplat.fit.quantization import Quantization
from llmplat.fit.rank import Rank
from llmplat.fit.safetensors_header import DTYPE_BITS

PACKED_HIDDEN, PACKED_WIDTH = 256, 128
"""mxfp4 experts are laid out anew while loading, padded to these multiples (measured, two GPUs)."""

_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_EXPERT = re.compile(r"\.experts?\.|\.experts_")
_VOCABULARY = re.compile(r"(embed_tokens|lm_head|wte|embed_in|embed_out|word_embeddings|tok_embeddings|output)\.")
_REPLICATED = re.compile(
    r"norm|\.gate\.|router|rotary|q_a_proj|kv_a_proj|indexer|visual|vision|multi_modal|mm_proj|patch|position|\.bias$"
    r"|e_score_correction|latent|mtp"
)
_HEADS = re.compile(r"\.(k_proj|v_proj|wk|wv)\.")
_NOT_LOADED = re.compile(r"(^|\.)mtp\.|rotary_emb\.inv_freq|masked_bias")


@dataclass(frozen=True)
class WeightBytes:
    """Weights of one rank and how they are known."""

    size_bytes: int
    how: str
    is_exact: bool


def rank_weights(
    architecture: Architecture, rank: Rank, first_layer: int, quantization: Quantization,
    dtype_bytes: float, checkpoint: Checkpoint | None,
) -> WeightBytes:  # fmt: skip
    """Weights of `rank`, whose first layer is `first_layer` of the model.

    Exact where `checkpoint` has every tensor, scaled to its sum where it has only that, else from
    the architecture. A run-time quantization or another dtype needs the architecture.
    """
    tp = rank.tensor_parallel
    analytic = sum(_bytes_on_rank(p, quantization, dtype_bytes, rank) for p in _parameters(architecture, rank, first_layer))
    analytic += _padding_bytes(architecture, rank)
    if checkpoint is not None and checkpoint.tensors and not quantization.is_run_time:
        stored = _stored_on_rank(architecture, rank, first_layer, checkpoint.tensors, dtype_bytes)
        stored += _load_time_bytes(architecture, rank, first_layer) + _padding_bytes(architecture, rank)
        return WeightBytes(round(stored), f"{len(checkpoint.tensors)} stored tensors, TP {tp}", is_exact=True)
    if checkpoint is not None and checkpoint.total_bytes and not quantization.is_run_time:
        whole = _whole_bytes(architecture, quantization, dtype_bytes)
        scale = checkpoint.total_bytes / whole if whole else 1
        return WeightBytes(round(analytic * scale), f"the index's sum {checkpoint.total_bytes}, shared as computed", is_exact=True)
    scheme = quantization.scheme.name if quantization.scheme else f"{dtype_bytes:g} bytes a number"
    return WeightBytes(round(analytic), f"every matrix of config.json, {scheme}, TP {tp}", is_exact=False)


def _parameters(architecture: Architecture, rank: Rank, first_layer: int) -> list[Parameter]:
    found = list(edge_parameters(architecture, is_first=rank.is_first, is_last=rank.is_last))
    for index in range(first_layer, first_layer + len(rank.layers)):
        found += layer_parameters(architecture, index)
    return found


def _bytes_on_rank(parameter: Parameter, quantization: Quantization, dtype_bytes: float, rank: Rank) -> float:
    return parameter.numbers * _each(parameter, quantization, dtype_bytes) / _shards(parameter.split, parameter.heads, rank)


def _each(parameter: Parameter, quantization: Quantization, dtype_bytes: float) -> float:
    if parameter.fixed_bytes is not None:
        return parameter.fixed_bytes
    if not parameter.is_linear:
        return dtype_bytes
    return quantization.of(parameter.module, is_expert=parameter.split is Split.EXPERTS).bytes_each


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


def _whole_bytes(architecture: Architecture, quantization: Quantization, dtype_bytes: float) -> float:
    """The checkpoint's bytes as computed: what is made only while loading left out."""
    found = list(edge_parameters(architecture, is_first=True, is_last=True))
    for index in range(len(architecture.layers)):
        found += layer_parameters(architecture, index)
    stored = [p for p in found if p.fixed_bytes is None and p.module != "rotary table"]
    return sum(p.numbers * _each(p, quantization, dtype_bytes) for p in stored)


def _load_time_bytes(architecture: Architecture, rank: Rank, first_layer: int) -> float:
    """What no file holds: rotary tables and absorbed projections."""
    made = [
        p for p in _parameters(architecture, rank, first_layer)
        if p.fixed_bytes is not None or p.module == "rotary table"
    ]  # fmt: skip
    return sum(p.numbers * (p.fixed_bytes or 2) / _shards(p.split, p.heads, rank) for p in made)


def _stored_on_rank(
    architecture: Architecture, rank: Rank, first_layer: int, tensors: tuple[StoredTensor, ...], dtype_bytes: float
) -> float:
    last = first_layer + len(rank.layers)
    heads = min((m.kv_heads for m in architecture.mixers if m.kv_heads), default=1)
    total = 0.0
    for tensor in tensors:
        found = _LAYER.search(tensor.name)
        layer = int(found.group(1)) if found else None
        if layer is not None and not _is_tower(tensor.name):
            if layer >= len(architecture.layers) or not first_layer <= layer < last:
                continue
        elif not _is_on_stage(architecture, tensor.name, rank):
            continue
        if _NOT_LOADED.search(tensor.name):
            continue
        total += _stored_bytes(tensor, dtype_bytes) / _stored_shards(tensor.name, heads, rank)
    return total


def _is_tower(name: str) -> bool:
    return "visual" in name or "vision" in name


def _is_on_stage(architecture: Architecture, name: str, rank: Rank) -> bool:
    if "lm_head" in name or "embed_out" in name:
        return rank.is_last and not (architecture.is_tied and rank.is_first)
    if architecture.is_tied and "embed" in name and rank.is_last:
        return True
    return rank.is_first or ("norm" in name and rank.is_last and not _is_tower(name))


def _stored_bytes(tensor: StoredTensor, dtype_bytes: float) -> float:
    numbers = math.prod(tensor.shape)
    bits = DTYPE_BITS.get(tensor.dtype, 16)
    is_float = tensor.dtype in ("F32", "F16", "BF16")
    is_scale = tensor.name.endswith(("scale", "scale_inv", "scales", "bias"))
    return numbers * (dtype_bytes if is_float and not is_scale else bits / 8)


def _stored_shards(name: str, heads: int, rank: Rank) -> int:
    if _EXPERT.search(name) and "shared" not in name:
        return rank.tensor_parallel
    if _VOCABULARY.search(name):
        return rank.tensor_parallel
    if _REPLICATED.search(name):
        return 1
    return min(rank.tensor_parallel, heads) if _HEADS.search(name) else rank.tensor_parallel
