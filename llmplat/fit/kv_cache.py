"""A model's configuration and an engine's block size -> what a KV cache of some size holds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.fit.architecture import Architecture, Kind
from llmplat.fit.family import Family, text_part
from llmplat.fit.kv_plan import PROCESSOR_STATES, KvLayout, layer_specs, plan_layout
from llmplat.fit.kv_specs import Planning
from llmplat.fit.read_architecture import read_architecture

_NULL_BLOCKS = 1
"""The engine keeps one block for itself (vLLM: `BlockPool.null_block`)."""
_WORDS = {
    Kind.FULL: "full attention",
    Kind.SLIDING: "sliding window",
    Kind.CHUNKED: "chunked attention",
    Kind.MLA: "latent attention",
    Kind.STATE: "state",
    Kind.CROSS: "cross-attention",
}


@dataclass(frozen=True)
class KvCache:
    """What requests of `context` tokens cost, and how that is known."""

    layout: KvLayout
    planning: Planning
    context: int
    is_estimate: bool
    """The architecture is not known: every layer is counted as its numbers say."""
    how: str
    """The sum with its figures, for people."""

    @property
    def bytes_per_token(self) -> int:
        """Bytes of one more token of a request longer than every window."""
        return self.layout.token_bytes

    @property
    def blocks_each(self) -> int:
        """Blocks of one request of `context` tokens."""
        return self.layout.blocks_per_request(self.context, self.planning)

    def bytes_for(self, sequences: int) -> int:
        """Bytes in which `sequences` requests of `context` tokens fit at once."""
        return (sequences * self.blocks_each + _NULL_BLOCKS) * self.layout.block_bytes

    def blocks_in(self, size_bytes: int) -> int:
        """Blocks that `size_bytes` hold, the engine's own one included."""
        return size_bytes // self.layout.block_bytes

    def running_in(self, size_bytes: int) -> int:
        """Requests of `context` tokens that run at once in `size_bytes`."""
        return max(0, self.blocks_in(size_bytes) - _NULL_BLOCKS) // self.blocks_each

    def tokens_in(self, size_bytes: int) -> int:
        """Tokens as the engine's log reports them: its concurrency times `context`."""
        return int(self.blocks_in(size_bytes) / self.blocks_each * self.context)

    def longest_in(self, size_bytes: int) -> int:
        """Longest request up to `context` tokens that `size_bytes` hold; 0 when none."""
        usable = max(0, self.blocks_in(size_bytes) - _NULL_BLOCKS) * self.layout.block_bytes
        return self.layout.longest(usable, self.context, self.planning)


@dataclass(frozen=True)
class KvSettings:
    """The engine's settings that a KV cache depends on."""

    context: int
    block_tokens: int
    batched_tokens: int
    """max_num_batched_tokens, which windows are planned for."""
    dtype: str = "auto"
    """The engine's name; auto: the model's own."""
    kv_dtype: str = "auto"


def kv_cache_of(
    config: Mapping[str, Any], families: Mapping[str, Family], settings: KvSettings
) -> KvCache:
    """The KV cache of one processor (or GPU) that holds the whole model.

    Raises InputError for missing numbers, ValueError for a model without a KV cache.
    """
    architecture = read_architecture(config, families)
    of_model = architecture.dtype if settings.dtype == "auto" else settings.dtype
    of_cache = of_model if settings.kv_dtype == "auto" else settings.kv_dtype
    specs = layer_specs(
        architecture,
        kv_dtype=of_cache,
        dtype=of_model,
        block=settings.block_tokens,
        tensor_parallel=1,
        has_checkpoints=True,
        state_dtype=PROCESSOR_STATES,
    )
    layout = plan_layout(specs)
    if layout.block_bytes < 1:
        msg = "by its configuration a token takes no memory: a width or a count of heads is absurd"
        raise ValueError(msg)
    return KvCache(
        layout=layout,
        planning=Planning(settings.batched_tokens),
        context=settings.context,
        is_estimate=not architecture.is_known,
        how=_how(architecture, layout),
    )


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of `config` that describes the language model: nested in multimodal ones."""
    return text_part(config)


def _how(architecture: Architecture, layout: KvLayout) -> str:
    kinds = Counter(mixer.kind for mixer in architecture.mixers)
    layers = " + ".join(f"{count} layers of {_WORDS[kind]}" for kind, count in kinds.items())
    groups = f" in {len(layout.groups)} groups" if len(layout.groups) > 1 else ""
    return f"{layers}{groups}, {layout.block_bytes} bytes a block of {layout.block_size} tokens"
