"""A checkpoint's tensors, sorted once by where they go and how ranks share them."""

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from llmplat.fit.architecture import Architecture
from llmplat.fit.inputs import StoredTensor
from llmplat.fit.parameters import Split
from llmplat.fit.rank import Rank
from llmplat.fit.safetensors_header import DTYPE_BITS

FIRST, LAST, HEAD = "first stage", "last stage", "output head"
_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_TOWER = re.compile(r"visual|vision|audio|multi_modal|mm_proj|patch_merge")
_EXPERT = re.compile(r"\.experts?\.|\.experts_")
_VOCABULARY = re.compile(
    r"(embed_tokens|lm_head|wte|embed_in|embed_out|word_embeddings|tok_embeddings|output)\."
)
_HEAD = re.compile(r"lm_head\.|embed_out\.|(^|\.)output\.weight|(^|\.)head\.weight")
_REPLICATED = re.compile(
    r"norm|\.gate\.|router|rotary|q_a_proj|kv_a_proj|indexer|position|\.bias$|e_score_correction|latent"
)
_HEADS = re.compile(r"\.(k_proj|v_proj|wk|wv)\.")
_NOT_LOADED = re.compile(r"(^|\.)mtp\.|rotary_emb\.inv_freq|masked_bias")
_SCALES = ("scale", "scale_inv", "scales", "_bias", "scale_2")

Shards = Callable[[Split, int, Rank], int]


@dataclass(frozen=True)
class Stored:
    """Bytes by place (a layer's number or an end of the model) and by split."""

    sums: Counter[tuple[int | str, Split]]
    heads: int
    """Fewest key-value heads of a layer."""
    is_tied: bool

    def on_rank(self, rank: Rank, first_layer: int, shards: Shards) -> float:
        """Bytes of `rank`, whose first layer is `first_layer`."""
        last = first_layer + len(rank.layers)
        total = 0.0
        for (place, split), size in self.sums.items():
            if isinstance(place, int):
                is_here = first_layer <= place < last
            else:
                is_here = self._is_on(place, rank)
            if is_here:
                total += size / shards(split, self.heads, rank)
        return total

    def _is_on(self, place: str, rank: Rank) -> bool:
        if place == HEAD:
            return rank.is_last and not (self.is_tied and rank.is_first)
        if place == LAST:
            return rank.is_last
        return rank.is_first or (self.is_tied and rank.is_last and place == "embedding")


def read_stored(
    architecture: Architecture, tensors: tuple[StoredTensor, ...], dtype_bytes: float
) -> Stored:
    """`tensors` added up; those of speculative layers, which plain serving does not load, left out."""
    sums: Counter[tuple[int | str, Split]] = Counter()
    for tensor in tensors:
        place = _place(tensor.name)
        if _NOT_LOADED.search(tensor.name) or (
            isinstance(place, int) and place >= len(architecture.layers)
        ):
            continue
        sums[place, _split(tensor.name)] += _bytes(tensor, dtype_bytes)  # type: ignore[assignment]
    heads = min((m.kv_heads for m in architecture.mixers if m.kv_heads), default=1)
    return Stored(sums, heads, architecture.is_tied)


def _place(name: str) -> int | str:
    found = _LAYER.search(name)
    if found and not _TOWER.search(name):
        return int(found.group(1))
    if _HEAD.search(name):
        return HEAD
    if _VOCABULARY.search(name):
        return "embedding"
    return LAST if "norm" in name and not _TOWER.search(name) else FIRST


def _split(name: str) -> Split:
    if _TOWER.search(name):
        return Split.REPLICATED
    if _EXPERT.search(name) and "shared" not in name:
        return Split.EXPERTS
    if _VOCABULARY.search(name) or _HEAD.search(name):
        return Split.VOCABULARY
    if _REPLICATED.search(name):
        return Split.REPLICATED
    return Split.HEADS if _HEADS.search(name) else Split.SHARDED


def _bytes(tensor: StoredTensor, dtype_bytes: float) -> float:
    numbers = math.prod(tensor.shape)
    is_cast = tensor.dtype in ("F32", "F16", "BF16") and not tensor.name.endswith(_SCALES)
    return numbers * (dtype_bytes if is_cast else DTYPE_BITS.get(tensor.dtype, 16) / 8)
