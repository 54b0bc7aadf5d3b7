"""A KV layout and some memory -> blocks, tokens and concurrency as one version of the engine reports them."""

from dataclasses import dataclass

from llmplat.fit.architecture import Architecture
from llmplat.fit.inputs import AUTO, EngineSettings
from llmplat.fit.kv_plan import (
    PROCESSOR_STATES,
    KvLayout,
    Planning,
    layer_specs,
    plan_layout,
)
from llmplat.fit.result import KvCapacity
from llmplat.fit.version import (
    IN_FLIGHT_STEPS,
    NULL_BLOCK_CHECKED,
    PREFILL_CHECKPOINTS,
    TOKENS_BY_CONCURRENCY,
    V1,
    parse_version,
)


@dataclass(frozen=True)
class StageCache:
    """The cache of one pipeline stage."""

    layout: KvLayout
    """Of the whole model's grouping, with this stage's share of each block."""
    planning: Planning
    version: tuple[int, int]

    def capacity(self, available_bytes: int, max_model_len: int, limit: int) -> KvCapacity:
        """What `available_bytes` hold; AUTO takes the longest request up to `limit`."""
        blocks = max(0, available_bytes) // self.layout.block_bytes
        checked = available_bytes - self._held_back
        longest = self.layout.longest(checked, limit, self.planning)
        length = max(1, longest) if max_model_len == AUTO else max_model_len
        each = self.layout.blocks_per_request(length, self.planning)
        concurrency = blocks / each
        tokens = blocks // len(self.layout.groups) * self.layout.block_size
        if self.version >= TOKENS_BY_CONCURRENCY:
            tokens = int(concurrency * length)
        return KvCapacity(
            tokens=tokens,
            blocks=blocks,
            block_size=self.layout.block_size,
            bytes_per_token=self.layout.token_bytes,
            max_concurrency=concurrency,
            max_model_len_that_fits=longest,
            groups=len(self.layout.groups),
            needed_bytes=self.layout.needed_bytes(length, self.planning) + self._held_back,
        )

    @property
    def _held_back(self) -> int:
        """The block that is never used, where this version's check leaves it out."""
        return self.layout.block_bytes if self.version >= NULL_BLOCK_CHECKED else 0


def stage_caches(
    architecture: Architecture, settings: EngineSettings, stages: tuple[int, ...], platform: str
) -> tuple[StageCache, ...]:
    """The cache of each pipeline stage, `stages` being their numbers of layers.

    The whole model's layers are grouped; a stage holds its share of every group (vLLM 0.32,
    _project_kv_cache_groups_to_worker).
    """
    version = parse_version(settings.vllm_version)
    specs = layer_specs(
        architecture,
        kv_dtype=str(settings.kv_cache_dtype),
        dtype=str(settings.dtype),
        block=settings.block_size or 16,
        tensor_parallel=settings.tensor_parallel,
        has_checkpoints=version >= PREFILL_CHECKPOINTS,
        state_dtype=PROCESSOR_STATES if platform == "cpu" else None,
    )
    layout = plan_layout(specs, is_hybrid_planned=version >= V1)
    planning = _planning(settings, version, platform)
    total = len(architecture.layers)
    return tuple(StageCache(_share(layout, count, total), planning, version) for count in stages)


def _planning(settings: EngineSettings, version: tuple[int, int], platform: str) -> Planning:
    steps = 1
    if version >= IN_FLIGHT_STEPS:
        is_async = platform != "cpu" and settings.pipeline_parallel == 1
        steps = 2 if is_async else settings.pipeline_parallel
    return Planning(
        (settings.max_num_batched_tokens or 2048) * steps,
        is_prefix_cached=settings.enable_prefix_caching,
    )


def _share(layout: KvLayout, layers: int, total: int) -> KvLayout:
    """`layout` with the share of each block that `layers` of `total` layers take."""
    if layers == total:
        return layout
    share = layers / total
    groups = tuple((spec, max(1, round(count * share))) for spec, count in layout.groups)
    widest = max(count * spec.page_bytes for spec, count in groups)
    return KvLayout(groups, widest, layout.block_size, round(layout.token_bytes * share))
