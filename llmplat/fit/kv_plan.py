"""Plans the KV cache as vLLM does: layers to groups, one page size, blocks, tokens, concurrency."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from llmplat.fit.architecture import Architecture, Kind
from llmplat.fit.kv_specs import (
    DTYPE_BYTES,
    Planning,
    Spec,
    attention_token_bytes,
    state_bytes,
)

STATE_ALIGNMENT = 16
"""Tokens that an attention block grows by to hold a state page (FlashAttention's smallest block)."""
PROCESSOR_STATES = "float32"
"""Type of recurrent states on processors with AVX-512 BF16 (vLLM 0.32, platforms/cpu.py); others keep
the model's, which takes less."""
MLA_STATE_ALIGNMENT = 128
"""The same where latent attention meets states (vLLM 0.32, platforms/interface.py)."""


@dataclass(frozen=True)
class KvLayout:
    """Groups of layers that share blocks; every block holds one page of each layer of a group."""

    groups: tuple[tuple[Spec, int], ...]
    """One spec per group and how many layers it has."""
    block_bytes: int
    """Bytes of one block over all layers of a group."""
    block_size: int
    """Tokens of a block as the log reports them."""
    token_bytes: int
    """Bytes of one more token of one request that is longer than every window."""

    def blocks_per_request(self, length: int, planning: Planning) -> int:
        """Blocks that one request of `length` tokens takes at most."""
        return sum(spec.pages(length, planning) for spec, _ in self.groups)

    def needed_bytes(self, length: int, planning: Planning) -> int:
        """Bytes for one request of `length` tokens."""
        return self.blocks_per_request(length, planning) * self.block_bytes

    def longest(self, available_bytes: int, limit: int, planning: Planning) -> int:
        """Longest request up to `limit` tokens that fits `available_bytes`; 0 when none does."""
        return _last(1, limit, lambda n: self.needed_bytes(n, planning) <= available_bytes)


def layer_specs(  # noqa: PLR0913 (each is one setting, by name)
    architecture: Architecture,
    *,
    kv_dtype: str,
    dtype: str,
    block: int,
    tensor_parallel: int,
    has_checkpoints: bool = False,
    state_dtype: str | None = None,
) -> tuple[Spec, ...]:
    """The cache of every layer on one rank, in the model's order.

    `kv_dtype` is the type of cached keys and values, `dtype` the model's; `block` the tokens of a
    page that attention starts from. With state layers the block grows until an attention page
    holds a state, and the state is padded to it. `has_checkpoints`: the version keeps one state
    more per request of Mamba 2 layers while it reads a prompt (vLLM 0.32, mamba_mixer2.py).
    `state_dtype` replaces the models' own type of recurrent states, as processors do.
    """
    attention = [m for m in architecture.mixers if m.kind is not Kind.STATE]
    sizes = {
        m.state: state_bytes(m.state, dtype, tensor_parallel, state_dtype)
        for m in architecture.mixers
        if m.state is not None
    }
    padded = None
    largest = max(sizes.values(), default=0)
    if largest and attention:
        token = min(attention_token_bytes(m, kv_dtype, tensor_parallel) for m in attention)
        step = max(block, MLA_STATE_ALIGNMENT if architecture.is_mla else STATE_ALIGNMENT)
        block = step * -(-largest // round(step * token))
        padded = round(block * token)
    return tuple(
        Spec(
            Kind.STATE,
            block,
            0,
            state_bytes=sizes[m.state],
            padded=padded,
            checkpoints=1 if has_checkpoints and m.state.groups else 0,
        )
        if m.state is not None
        else Spec(m.kind, block, attention_token_bytes(m, kv_dtype, tensor_parallel), m.window)
        for m in architecture.mixers
    )


def plan_layout(specs: Sequence[Spec], *, is_hybrid_planned: bool = True) -> KvLayout:
    """Groups `specs` (one per layer) as vLLM's planner does; ValueError when there are none.

    One kind of layer: one group. Several: pages are made one size, the group size is the fewest
    layers of a kind, or the most when that is less than 1.5 times as many, and every kind is cut
    into groups of that size (vLLM 0.32, v1/core/kv_cache_utils.py). `is_hybrid_planned` False
    treats every attention layer as full attention (engine V0).
    """
    if not specs:
        msg = "a model without attention or state layers has no KV cache"
        raise ValueError(msg)
    if not is_hybrid_planned:
        specs = [
            replace(spec, kind=Kind.FULL) if spec.kind is not Kind.STATE else spec for spec in specs
        ]
    kinds = {
        (spec.kind if spec.kind is not Kind.CROSS else Kind.FULL, spec.window) for spec in specs
    }
    if (len(kinds) == 1 and specs[0].kind is not Kind.STATE) or len(
        {s.group_key for s in specs}
    ) == 1:
        return _one_group(specs)
    page = max(spec.page_bytes for spec in specs)
    buckets: dict[tuple[object, ...], list[Spec]] = {}
    for spec in specs:
        unified = spec.with_page(page)
        buckets.setdefault(unified.group_key, []).append(unified)
    fewest = min(len(bucket) for bucket in buckets.values())
    most = max(len(bucket) for bucket in buckets.values())
    size = most if most < fewest * 1.5 else fewest
    groups = tuple(
        (bucket[0], size) for bucket in buckets.values() for _ in range(-(-len(bucket) // size))
    )
    smallest = min(
        spec.block for spec, _ in groups if spec.kind is not Kind.STATE or len(kinds) == 1
    )
    growing = sum(
        size * s.page_bytes / s.block for s, _ in groups if s.kind in (Kind.FULL, Kind.MLA)
    )
    return KvLayout(groups, size * page, smallest, round(growing))


def _one_group(specs: Sequence[Spec]) -> KvLayout:
    block_bytes = sum(spec.page_bytes for spec in specs)
    widest = max(specs, key=lambda spec: spec.page_bytes)
    per_token = 0 if widest.kind is Kind.STATE else round(block_bytes / widest.block)
    return KvLayout(((widest, len(specs)),), block_bytes, widest.block, per_token)


def _last(low: int, high: int, is_true: Callable[[int], bool]) -> int:
    """The largest number from `low` to `high` for which `is_true`, which holds up to some number."""
    if not is_true(low):
        return 0
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_true(middle) else (low, middle - 1)
    return low


__all__ = ["DTYPE_BYTES", "KvLayout", "Planning", "Spec", "layer_specs", "plan_layout"]
